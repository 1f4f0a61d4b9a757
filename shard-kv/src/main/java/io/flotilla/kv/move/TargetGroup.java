package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A group as the target of moves, for as long as this node leads it in one term. One shard of it is frozen at a time: its pause is
 * not lengthened by what another one does. One that does not get on keeps the others waiting for a bounded time only.
 */
final class TargetGroup {
    /** Holds whose move no configuration shows; the next report of those beyond it brings them again. */
    private static final int MOST_FOREIGN = 1_000;

    private static final long NEVER = Long.MIN_VALUE;

    private final long group;
    private final long term;
    private final MoveCore core;
    private final MembershipHold membership;
    private final SortedMap<MoveKey, TargetMove> moves = new TreeMap<>();
    /** Moves that no configuration shows as open, of which some replica told a hold. */
    private final SortedMap<MoveKey, RetryPace> foreign = new TreeMap<>();

    private final RetryPace transferPace = new RetryPace(1_000, 10_000);
    private boolean transferring;

    private long caughtUpAt = NEVER;
    private MoveKey turn;
    private long turnSince;
    private boolean adopting;

    TargetGroup(long group, long term, MoveCore core) {
        this.group = group;
        this.term = term;
        this.core = core;
        this.membership = new MembershipHold(group, core.actions(), core.limits());
    }

    long term() {
        return term;
    }

    long now() {
        return core.now();
    }

    NodeId self() {
        return core.self();
    }

    MoveLimits limits() {
        return core.limits();
    }

    MoveMetrics metrics() {
        return core.metrics();
    }

    MembershipHold membership() {
        return membership;
    }

    void ask(MoveRequest request, MoveActions.Answer answer) {
        core.actions().ask(request, answer);
    }

    void told(NodeId from, HoldReport report) {
        MoveKey key = new MoveKey(report.getMove(), report.getShard());
        TargetMove move = moves.get(key);
        if (move != null) {
            move.told(from, report);
        } else if (report.getFence() < key.move() && (report.getWhole() || report.getCopiedBytes() > 0)) {
            if (foreign.size() < MOST_FOREIGN) {
                foreign.computeIfAbsent(key, none -> new RetryPace(200, 5_000));
            }
        }
    }

    void step(ReplicaFacts facts, ConfiguredMoves configured) {
        follow(configured);
        if (!facts.caughtUp()) {
            return;
        }
        if (caughtUpAt == NEVER) {
            caughtUpAt = now();
        }
        for (MoveIntent intent : configured.into(group)) {
            ShardFacts shard = facts.shard(intent.key().shard());
            if (shard.fence() < intent.key().move()) {
                moves.get(intent.key()).step(facts);
            } else if (shard.fence() == intent.key().move() && shard.serves() && shard.epoch() > intent.epoch()) {
                core.reports().tell(intent.key(), group, MoveReport.Outcome.ADOPTED);
                passTurn(intent.key());
            }
        }
        endForeign(facts, configured);
    }

    private void follow(ConfiguredMoves configured) {
        for (MoveIntent intent : configured.into(group)) {
            foreign.remove(intent.key());
            moves.computeIfAbsent(intent.key(), key -> new TargetMove(this, intent))
                    .intended(intent);
        }
        moves.keySet().removeIf(key -> {
            boolean gone = !configured.isOpen(key);
            if (gone) {
                passTurn(key);
            }
            return gone;
        });
    }

    /** Takes the turn to be frozen, if the group's other shards leave it. @return whether it has it now */
    boolean tryTurn(MoveKey key, ReplicaFacts facts) {
        if (key.equals(turn)) {
            return true;
        }
        boolean isTaken = turn != null && now() - turnSince < limits().turnNanos();
        if (isTaken || otherMayBeFrozen(key, facts)) {
            return false;
        }
        claimTurn(key);
        return true;
    }

    /** A leader before this one may have frozen another shard: its owner is asked first, but not waited for without end. */
    private boolean otherMayBeFrozen(MoveKey key, ReplicaFacts facts) {
        if (now() - caughtUpAt >= limits().askNanos()) {
            return false;
        }
        for (Map.Entry<MoveKey, TargetMove> other : moves.entrySet()) {
            MoveKey name = other.getKey();
            boolean isOpen = facts.shard(name.shard()).fence() < name.move();
            if (!name.equals(key) && isOpen && !other.getValue().isHeard()) {
                return true;
            }
        }
        return false;
    }

    /** The turn of a shard that is frozen already, unless another one has it and gets on. */
    void claimTurn(MoveKey key) {
        if (turn == null || !key.equals(turn) && now() - turnSince >= limits().turnNanos()) {
            turn = key;
            turnSince = now();
        }
    }

    /** From now on the turn's time counts. */
    void beginsToFreeze(MoveKey key) {
        if (key.equals(turn)) {
            turnSince = now();
        }
    }

    private void passTurn(MoveKey key) {
        if (key.equals(turn)) {
            turn = null;
            membership.giveBack();
        }
    }

    boolean mayAdopt() {
        return !adopting;
    }

    /** Guarded entries go one at a time: what one holds back, all behind it wait for. */
    void adopt(KvCommand command, MoveActions.End end) {
        adopting = true;
        core.actions().propose(group, command, true, new MoveActions.End() {
            @Override
            public void done() {
                adopting = false;
                end.done();
            }

            @Override
            public void failed(String why) {
                adopting = false;
                end.failed(why);
            }
        });
    }

    /** Lets another replica lead: one that can do what this one can't. */
    void handOver(NodeId to) {
        if (transferring || !transferPace.isDue(now())) {
            return;
        }
        transferPace.tried(now());
        transferring = true;
        core.actions().transferLeadership(group, to, new MoveActions.End() {
            @Override
            public void done() {
                transferring = false;
            }

            @Override
            public void failed(String why) {
                transferring = false;
                metrics().failed();
            }
        });
    }

    /** Holds of moves that are over go by Cancel in this group's log, never because a configuration does not show the move. */
    private void endForeign(ReplicaFacts facts, ConfiguredMoves configured) {
        facts.moving()
                .forEach((shard, known) -> known.holds().keySet().forEach(move -> {
                    MoveKey key = new MoveKey(move, shard);
                    if (!configured.isOpen(key) && foreign.size() < MOST_FOREIGN) {
                        foreign.computeIfAbsent(key, none -> new RetryPace(200, 5_000));
                    }
                }));
        foreign.keySet().removeIf(key -> facts.shard(key.shard()).fence() >= key.move());
        foreign.forEach((key, pace) -> {
            if (configured.isOver(key) && pace.isDue(now())) {
                pace.tried(now());
                KvCommand cancel = KvCommand.newBuilder()
                        .setCancel(CancelMoveCommand.newBuilder()
                                .setShard(key.shard())
                                .setMove(key.move()))
                        .build();
                core.actions().propose(group, cancel, false, core.counted());
            }
        });
    }

    /** Null if this leader knows nothing of the move. */
    TargetMove move(MoveKey key) {
        return moves.get(key);
    }

    /** Whether there is anything to do before the world changes. */
    boolean isBusy() {
        return !moves.isEmpty() || !foreign.isEmpty();
    }
}
