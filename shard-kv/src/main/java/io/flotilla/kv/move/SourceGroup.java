package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.DropCommand;
import io.flotilla.kv.proto.KvCommand;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A group as the owner that gives shards away, for as long as this node leads it in one term: Cancel and Drop are its own to propose,
 * for the target may have no leader, or be gone. The rest is the target's to ask for.
 */
final class SourceGroup {
    /** One entry that is proposed until what is there says that it was applied. */
    private static final class Proposal {
        private final RetryPace pace = new RetryPace(100, 2_000);
        private boolean isOpen;
    }

    private final long group;
    private final long term;
    private final MoveCore core;
    private final SortedMap<MoveKey, Proposal> cancels = new TreeMap<>();
    private final SortedMap<MoveKey, Proposal> drops = new TreeMap<>();
    private final SortedMap<MoveKey, SourceDrop> waits = new TreeMap<>();

    SourceGroup(long group, long term, MoveCore core) {
        this.group = group;
        this.term = term;
        this.core = core;
    }

    long term() {
        return term;
    }

    void step(ReplicaFacts facts, ConfiguredMoves configured) {
        if (!facts.caughtUp()) {
            return;
        }
        for (MoveIntent intent : configured.from(group)) {
            ShardFacts shard = facts.shard(intent.key().shard());
            if (intent.cancelled() && canBeCancelled(intent.key(), shard)) {
                cancel(intent.key());
            } else if (shard.stage() == ShardFacts.Stage.SERVING
                    && shard.fence() == intent.key().move()
                    && shard.epoch() == intent.epoch()) {
                core.reports().tell(intent.key(), group, MoveReport.Outcome.CANCELLED);
            }
        }
        for (Map.Entry<Long, ShardFacts> known : facts.moving().entrySet()) {
            ShardFacts shard = known.getValue();
            MoveKey key = new MoveKey(shard.move(), known.getKey());
            if (shard.isMovingBy(key) && configured.isOver(key)) {
                cancel(key);
            } else if (shard.isFrozenBy(key) && configured.isOver(key)) {
                drop(key, shard.target(), configured);
            }
        }
        cancels.keySet().removeIf(key -> !canBeCancelled(key, facts.shard(key.shard())));
        drops.keySet().removeIf(key -> !facts.shard(key.shard()).isFrozenBy(key));
        waits.keySet().removeIf(key -> !facts.shard(key.shard()).isFrozenBy(key));
    }

    /** The controller was not told of a drop: it may have been an earlier leader's. */
    void awaited(MoveKey key, ReplicaFacts facts) {
        ShardFacts shard = facts.shard(key.shard());
        boolean isHere = shard.isMovingBy(key) || shard.isFrozenBy(key);
        if (!isHere && shard.fence() >= key.move()) {
            core.reports().tell(key, group, MoveReport.Outcome.DROPPED);
        }
    }

    private static boolean canBeCancelled(MoveKey key, ShardFacts shard) {
        return shard.isMovingBy(key) || shard.stage() == ShardFacts.Stage.SERVING && shard.fence() < key.move();
    }

    private void cancel(MoveKey key) {
        KvCommand command = KvCommand.newBuilder()
                .setCancel(CancelMoveCommand.newBuilder().setShard(key.shard()).setMove(key.move()))
                .build();
        propose(cancels.computeIfAbsent(key, none -> new Proposal()), command, core.metrics()::cancelled);
    }

    private void drop(MoveKey key, long target, ConfiguredMoves configured) {
        SourceDrop wait = waits.computeIfAbsent(key, none -> new SourceDrop(key, target, core));
        if (wait.isDue(configured)) {
            KvCommand command = KvCommand.newBuilder()
                    .setDrop(DropCommand.newBuilder().setShard(key.shard()).setMove(key.move()))
                    .build();
            propose(drops.computeIfAbsent(key, none -> new Proposal()), command, () -> {
                core.metrics().dropped();
                core.reports().tell(key, group, MoveReport.Outcome.DROPPED);
            });
        }
    }

    private void propose(Proposal proposal, KvCommand command, Runnable done) {
        if (proposal.isOpen || !proposal.pace.isDue(core.now())) {
            return;
        }
        proposal.pace.tried(core.now());
        proposal.isOpen = true;
        core.actions().propose(group, command, false, new MoveActions.End() {
            @Override
            public void done() {
                proposal.isOpen = false;
                done.run();
            }

            @Override
            public void failed(String why) {
                proposal.isOpen = false;
                core.metrics().failed();
            }
        });
    }

    /** What keeps the rows of a shard that has gone here; empty if nothing does. */
    String waitsFor(MoveKey key, ConfiguredMoves configured) {
        SourceDrop wait = waits.get(key);
        return wait == null ? "" : wait.waitsFor(configured);
    }

    boolean isBusy() {
        return !cancels.isEmpty() || !waits.isEmpty();
    }
}
