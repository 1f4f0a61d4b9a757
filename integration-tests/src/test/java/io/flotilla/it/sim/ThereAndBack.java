package io.flotilla.it.sim;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Shard;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimScheduler;
import java.util.List;
import java.util.function.Supplier;

/** Moves each shard to the fleet's other group and back, again and again, one move of each at a time. */
final class ThereAndBack extends SimOperator {
    private static final long GAP = 200 * MILLI;

    ThereAndBack(SimScheduler scheduler, SimStreams streams, Supplier<List<String>> endpoints, Coverage coverage) {
        super(scheduler, streams, endpoints, coverage);
    }

    /** How often the shard that was moved least has been away and has come back. */
    long times() {
        return seen().getShardsList().stream()
                .mapToLong(shard -> (shard.getEpoch() - 1) / 2)
                .min()
                .orElse(0);
    }

    @Override
    long gap() {
        return GAP;
    }

    @Override
    void change(Configuration known) {
        for (Shard shard : known.getShardsList()) {
            if (shard.getTarget() == 0) {
                long to = known.getGroupsList().stream()
                        .mapToLong(group -> group.getId())
                        .filter(group -> group != shard.getGroup())
                        .findFirst()
                        .orElseThrow();
                MoveShard move =
                        MoveShard.newBuilder().setShard(shard.getId()).setTo(to).build();
                ask("moves asked for", FleetChangeRequest.newBuilder().setMoveShard(move));
            }
        }
    }
}
