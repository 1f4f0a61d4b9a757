package io.flotilla.it.sim;

import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.client.proto.Shard;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Moves shards there and back, calls moves off, makes groups and ends them, by a seed. */
final class RandomMoves extends SimOperator {
    private static final int MOST_GROUPS = 4;

    private final long meanGap;

    RandomMoves(SimScheduler scheduler, SimStreams streams, Supplier<List<String>> endpoints, Coverage coverage) {
        super(scheduler, streams, endpoints, coverage);
        this.meanGap = (200 + random.nextInt(3_000)) * MILLI;
    }

    @Override
    long gap() {
        return random.nextLong(2 * meanGap) + 1;
    }

    @Override
    void change(Configuration known) {
        int choice = random.nextInt(100);
        int groups = known.getGroupsCount();
        FleetChangeRequest.Builder change = FleetChangeRequest.newBuilder();
        if (groups < 2 || groups < MOST_GROUPS && choice < 5) {
            ask("groups joined", change.setJoinGroup(join(known)));
        } else if (choice < 9) {
            long group = known.getGroups(random.nextInt(groups)).getId();
            ask("groups left", change.setLeaveGroup(LeaveGroup.newBuilder().setGroup(group)));
        } else if (choice < 20) {
            ask(
                    "moves called off",
                    change.setCancelShard(CancelShard.newBuilder().setShard(someShard(known))));
        } else if (choice < 35) {
            ask("rebalances", change.setRebalance(Rebalance.getDefaultInstance()));
        } else {
            long to = known.getGroups(random.nextInt(groups)).getId();
            ask(
                    "moves asked for",
                    change.setMoveShard(
                            MoveShard.newBuilder().setShard(someShard(known)).setTo(to)));
        }
    }

    /** On the nodes with the fewest replicas, or on some that it names. */
    private JoinGroup join(Configuration known) {
        JoinGroup.Builder join = JoinGroup.newBuilder();
        if (random.nextBoolean()) {
            List<Node> nodes = new ArrayList<>(known.getNodesList());
            while (join.getReplicasCount() < 3 && !nodes.isEmpty()) {
                join.addReplicas(nodes.remove(random.nextInt(nodes.size())).getId());
            }
        }
        return join.build();
    }

    /** Rather one that moves, if there is any. */
    private long someShard(Configuration known) {
        List<Shard> moving = known.getShardsList().stream()
                .filter(shard -> shard.getTarget() != 0)
                .toList();
        List<Shard> from = moving.isEmpty() || random.nextBoolean() ? known.getShardsList() : moving;
        return from.get(random.nextInt(from.size())).getId();
    }
}
