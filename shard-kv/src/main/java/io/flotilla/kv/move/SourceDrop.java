package io.flotilla.kv.move;

import io.flotilla.kv.proto.AskFence;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * When a shard that has gone may be dropped: as soon as all live voters of the target have applied Adopt, for until then one of them
 * may still want to copy. A voter that does not answer for a while is not live. It asks them itself: whoever leads the target
 * may have changed since, and know nothing of this move.
 */
final class SourceDrop {
    private static final class Voter {
        final RetryPace pace = new RetryPace(300, 2_000);
        boolean hasAdopted;
        long answeredAt;
    }

    private final MoveKey key;
    private final long target;
    private final MoveCore core;
    private final long since;
    private final SortedMap<NodeId, Voter> asked = new TreeMap<>();

    /** Of a move that was seen to be over now. */
    SourceDrop(MoveKey key, long target, MoveCore core) {
        this.key = key;
        this.target = target;
        this.core = core;
        this.since = core.now();
    }

    boolean isDue(ConfiguredMoves configured) {
        if (!configured.hasGroup(target) || !configured.hasShard(key.shard())) {
            return true;
        }
        List<NodeId> voters = configured.voters(target);
        voters.forEach(this::ask);
        return core.now() - since >= core.limits().dropNanos()
                || waitedFor(voters).isEmpty() && adopted(voters) > voters.size() / 2;
    }

    private void ask(NodeId node) {
        Voter voter = asked.computeIfAbsent(node, none -> {
            Voter begun = new Voter();
            begun.answeredAt = core.now();
            return begun;
        });
        if (voter.hasAdopted || !voter.pace.isDue(core.now())) {
            return;
        }
        voter.pace.tried(core.now());
        MoveRequest request = MoveRequest.newBuilder()
                .setGroup(target)
                .setShard(key.shard())
                .setMove(key.move())
                .setFence(AskFence.getDefaultInstance())
                .build();
        core.actions().ask(node, request, new MoveActions.Answer() {
            @Override
            public void replied(MoveReply reply) {
                voter.answeredAt = core.now();
                voter.hasAdopted |= reply.getFence() >= key.move();
            }

            @Override
            public void failed(String why) {}
        });
    }

    private int adopted(List<NodeId> voters) {
        int count = 0;
        for (NodeId node : voters) {
            count += asked.get(node).hasAdopted ? 1 : 0;
        }
        return count;
    }

    /** The live ones that have not adopted yet. */
    private List<NodeId> waitedFor(List<NodeId> voters) {
        List<NodeId> waited = new ArrayList<>();
        for (NodeId node : voters) {
            Voter voter = asked.get(node);
            if (voter != null
                    && !voter.hasAdopted
                    && core.now() - voter.answeredAt < core.limits().silenceNanos()) {
                waited.add(node);
            }
        }
        return waited;
    }

    /** Whom it waits for, as a line. */
    String waitsFor(ConfiguredMoves configured) {
        long left = Math.max(0, core.limits().dropNanos() - (core.now() - since)) / 1_000_000_000L;
        List<NodeId> waited = waitedFor(configured.voters(target));
        return waited.isEmpty()
                ? "a majority of group " + target + ", to say that it serves the shard; for " + left
                        + " s at most; then the rows here are deleted"
                : waited + " of group " + target + ", to apply that the shard is theirs; for " + left
                        + " s at most; then the rows here are deleted";
    }
}
