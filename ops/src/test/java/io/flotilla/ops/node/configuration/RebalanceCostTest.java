package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.Balancer;
import io.flotilla.controller.decide.FleetPlans;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.MakeGroup;
import io.flotilla.controller.proto.SetTargets;
import io.flotilla.controller.proto.SettleMoves;
import io.flotilla.controller.proto.Target;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.disk.os.OsDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What it costs to tell of a rebalance: a fifth more groups join, and each move is told of alone, which makes a configuration for
 * each. The bytes to one watcher grow with the moves, not with moves times shards.
 */
class RebalanceCostTest {
    private static final int NODES = 5;

    @TempDir
    private Path directory;

    private ControllerStateMachine controller;
    private ConfigurationHub hub;
    private long index;
    /** Of one who takes all at once. */
    private long bytes;

    private long told;
    private Configuration watched;

    private record Costs(int moves, long bytes, long told, double seconds) {}

    @Test
    void bytesToAWatcherGrowWithTheMoves() throws IOException {
        run("warm-up", 100, 1_000);
        Costs small = run("small", 100, 1_000);
        Costs large = run("large", 1_000, 10_000);
        for (Costs each : List.of(small, large)) {
            System.out.printf(
                    Locale.ROOT,
                    "rebalance: %,d moves, %,d bytes in %,d deltas to one watcher, %.3f s of the controller and one node%n",
                    each.moves,
                    each.bytes,
                    each.told,
                    each.seconds);
        }
        assertThat(large.moves).isEqualTo(10 * small.moves);
        assertThat(large.bytes).isLessThanOrEqualTo(12 * small.bytes);
        assertThat(small.bytes / small.moves).isLessThan(400);
    }

    private Costs run(String name, int groups, int shards) throws IOException {
        OsDisk disk = new OsDisk(Files.createDirectory(directory.resolve(name)));
        index = 0;
        bytes = 0;
        told = 0;
        watched = null;
        hub = new ConfigurationHub(
                new StateFile(disk, "configuration", ConfigurationHub.FILE_VERSION),
                "f",
                new TestTime().lane(new boolean[] {true}),
                new ConfigurationHub.Followers() {
                    @Override
                    public void changed(Configuration newest) {}

                    @Override
                    public void recordsLearnt() {}

                    @Override
                    public void diskFailed(IOException cause) {
                        throw new AssertionError(cause);
                    }
                });
        controller = ControllerStateMachine.open(
                new StateFile(disk, "controller", ControllerStateMachine.FILE_VERSION), hub::offer);
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId("f").setGroups(groups).setShards(shards);
        for (int i = 0; i < NODES; i++) {
            found.addNodes(Node.newBuilder()
                    .setId("n" + i)
                    .setAddress("10.0.0." + i + ":7400")
                    .setFeatureLevel(2));
        }
        apply(ControllerCommand.newBuilder().setFound(found));
        watched = newest();
        hub.watchers().watch(this, watched.getNumber(), new Watchers.Watcher() {
            @Override
            public boolean isReady() {
                return true;
            }

            @Override
            public void told(Configuration whole) {
                throw new AssertionError("a change was told as a whole configuration");
            }

            @Override
            public void told(ConfigurationDelta delta) {
                bytes += delta.getSerializedSize();
                told++;
                watched = ConfigurationDeltas.apply(watched, delta);
            }
        });

        long since = System.nanoTime();
        for (int i = 0; i < groups / 5; i++) {
            apply(ControllerCommand.newBuilder()
                    .setMakeGroup(
                            MakeGroup.newBuilder().addAllReplicas(Placement.leastLoaded(newest(), 3, node -> true))));
        }
        List<Balancer.Relocation> plan = FleetPlans.rebalance(newest(), new Observed());
        SetTargets.Builder targets = SetTargets.newBuilder();
        plan.forEach(move ->
                targets.addTargets(Target.newBuilder().setShard(move.shard()).setTo(move.to())));
        apply(ControllerCommand.newBuilder().setSetTargets(targets));
        long move = newest().getNumber();
        for (Balancer.Relocation each : plan) {
            settle(each, move, MoveReport.Outcome.ADOPTED, each.to());
            settle(each, move, MoveReport.Outcome.DROPPED, each.from());
        }
        double seconds = (System.nanoTime() - since) / 1e9;

        assertThat(watched).isEqualTo(newest());
        TreeMap<Long, Integer> counts = new TreeMap<>();
        for (Shard shard : newest().getShardsList()) {
            counts.merge(shard.getGroup(), 1, Integer::sum);
        }
        assertThat(counts).hasSize(groups + groups / 5);
        assertThat(counts.values()).allMatch(count -> count == 8 || count == 9);
        assertThat(FleetPlans.rebalance(newest(), new Observed())).isEmpty();
        return new Costs(plan.size(), bytes, told, seconds);
    }

    private void settle(Balancer.Relocation each, long move, MoveReport.Outcome outcome, long group) {
        apply(ControllerCommand.newBuilder()
                .setSettleMoves(SettleMoves.newBuilder()
                        .addReports(MoveReport.newBuilder()
                                .setShard(each.shard())
                                .setMoveId(move)
                                .setOutcome(outcome)
                                .setGroup(group))));
    }

    private Configuration newest() {
        return controller.newest().orElseThrow();
    }

    private void apply(ControllerCommand.Builder command) {
        if (!command.hasFound()) {
            command.setFleetId("f");
        }
        controller.apply(
                List.of(new Entry(1, ++index, EntryKind.COMMAND, command.build().toByteArray())));
    }

    /** All groups have leaders and room, all shards are alike. */
    private static final class Observed implements FleetPlans.Observed {
        @Override
        public boolean takes(Group group) {
            return true;
        }

        @Override
        public long bytes(long shard) {
            return 1;
        }

        @Override
        public long load(long shard) {
            return 0;
        }
    }
}
