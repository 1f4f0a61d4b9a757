package io.flotilla.ops.change;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.change.Goal.Standing;
import io.flotilla.ops.change.Goal.State;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** When changes of a fleet are done, as configurations tell. */
public final class Goals {
    private Goals() {}

    /** Moves are over: each shard has gone to its target, or was cancelled. */
    public static Goal moves(long number, List<PlannedMove> moves, Configuration committed) {
        OpenMoves open = new OpenMoves(number, moves, committed);
        return seen -> {
            open.look(seen.configuration());
            if (!open.waiting().isEmpty()) {
                return new Standing(State.UNDER_WAY, open.waiting().size() + " of " + moves.size() + " moves to go");
            }
            return open.cancelled().isEmpty()
                    ? new Standing(State.DONE, "all shards are where they should be")
                    : new Standing(
                            State.CANCELLED,
                            "cancelled: " + shards(open.cancelled())
                                    + (open.cancelled().size() == 1 ? " stays where it was" : " stay where they were"));
        };
    }

    /** A group has given its shards away and ended. */
    public static Goal left(long group, long number, List<PlannedMove> moves, Configuration committed) {
        OpenMoves open = new OpenMoves(number, moves, committed);
        return seen -> {
            Configuration configuration = seen.configuration();
            open.look(configuration);
            if (configuration.getNumber() >= number && find(configuration, group) == null) {
                return new Standing(State.DONE, "group " + group + " has ended");
            }
            List<Long> staying = new ArrayList<>();
            boolean moving = false;
            for (Shard shard : configuration.getShardsList()) {
                moving |= (shard.getGroup() == group && shard.getTarget() != 0) || shard.getTarget() == group;
                if (shard.getGroup() == group) {
                    staying.add(shard.getId());
                }
            }
            if (!moving && !staying.isEmpty() && !open.cancelled().isEmpty()) {
                return new Standing(
                        State.CANCELLED,
                        "cancelled: group " + group + " keeps " + shards(staying) + ", and goes on leaving");
            }
            return new Standing(
                    State.UNDER_WAY,
                    staying.isEmpty()
                            ? "the group's replicas delete what they gave away"
                            : staying.size() + " of its shards to go");
        };
    }

    /** A new group has a leader. */
    public static Goal joined(long group) {
        return seen -> {
            for (NodeStatus report : seen.reports().values()) {
                for (ReplicaStatus replica : report.getReplicasList()) {
                    if (replica.getGroup() == group && !replica.getLeader().isEmpty()) {
                        return new Standing(State.DONE, "group " + group + " is led by " + replica.getLeader());
                    }
                }
            }
            return new Standing(State.UNDER_WAY, "the group has no leader yet");
        };
    }

    /**
     * A shard's move is over without a change of its owner.
     *
     * @param before as the move was when its cancel was asked for
     */
    public static Goal cancelled(Shard before, long number) {
        return seen -> {
            Shard shard = shard(seen.configuration(), before.getId());
            if (seen.configuration().getNumber() < number
                    || (shard != null
                            && shard.getTarget() == before.getTarget()
                            && shard.getMoveId() == before.getMoveId())) {
                return new Standing(State.UNDER_WAY, "the owner's log has not taken the cancel yet");
            }
            return shard != null && shard.getEpoch() == before.getEpoch()
                    ? new Standing(State.DONE, "shard " + shard.getId() + " stays with group " + shard.getGroup())
                    : new Standing(
                            State.TOO_LATE,
                            "too late: shard " + before.getId() + " had been frozen, and went to group "
                                    + before.getTarget());
        };
    }

    /** What became of moves. */
    private static final class OpenMoves {
        private final long number;
        /** As the configuration of the change has them; by shard. */
        private final Map<Long, Shard> begun = new LinkedHashMap<>();

        private final Map<Long, PlannedMove> waiting = new LinkedHashMap<>();
        private final List<Long> cancelled = new ArrayList<>();

        OpenMoves(long number, List<PlannedMove> moves, Configuration committed) {
            this.number = number;
            for (PlannedMove move : moves) {
                waiting.put(move.getShard(), move);
            }
            for (Shard shard : committed.getShardsList()) {
                if (waiting.containsKey(shard.getId())) {
                    begun.put(shard.getId(), shard);
                }
            }
        }

        void look(Configuration configuration) {
            if (configuration.getNumber() < number) {
                return;
            }
            Map<Long, Shard> now = new LinkedHashMap<>();
            for (Shard shard : configuration.getShardsList()) {
                if (waiting.containsKey(shard.getId())) {
                    now.put(shard.getId(), shard);
                }
            }
            waiting.values().removeIf(move -> isOver(move, now.get(move.getShard())));
        }

        private boolean isOver(PlannedMove move, Shard shard) {
            if (shard != null
                    && shard.getTarget() == move.getTo()
                    && shard.getGroup() == move.getFrom()
                    && shard.getMoveId() <= number) {
                return false;
            }
            Shard then = begun.get(move.getShard());
            // it may have gone on, or come back, before anybody looked; each time its epoch grew
            boolean stays = shard != null
                    && shard.getGroup() == move.getFrom()
                    && (then == null || then.getEpoch() == shard.getEpoch());
            if (stays) {
                cancelled.add(move.getShard());
            }
            return true;
        }

        Map<Long, PlannedMove> waiting() {
            return waiting;
        }

        List<Long> cancelled() {
            return cancelled;
        }
    }

    private static Shard shard(Configuration configuration, long id) {
        for (Shard shard : configuration.getShardsList()) {
            if (shard.getId() == id) {
                return shard;
            }
        }
        return null;
    }

    private static Group find(Configuration configuration, long id) {
        for (Group group : configuration.getGroupsList()) {
            if (group.getId() == id) {
                return group;
            }
        }
        return null;
    }

    private static String shards(List<Long> ids) {
        return (ids.size() == 1 ? "shard " : "shards ")
                + ids.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}
