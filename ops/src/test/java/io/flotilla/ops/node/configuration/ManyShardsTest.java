package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.ops.node.TestTime;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusText;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.disk.os.OsDisk;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a large fleet costs: 100,000 shards on 10,000 groups. Seconds and bytes of each step are printed; ten times as much must not
 * take a hundred times as long, and what is sent for one change must not depend on the size at all.
 */
class ManyShardsTest {
    private static final int NODES = 5;

    @TempDir
    private Path directory;

    /** Seconds and bytes of each step, by name. */
    private record Costs(Map<String, Double> seconds, Map<String, Long> bytes) {
        Costs() {
            this(new LinkedHashMap<>(), new LinkedHashMap<>());
        }

        void add(String step, long since, long size) {
            seconds.put(step, (System.nanoTime() - since) / 1e9);
            bytes.put(step, size);
        }
    }

    @Test
    void noStepIsQuadratic() throws IOException {
        run("warm-up", 1_000, 10_000);
        Costs small = run("small", 1_000, 10_000);
        Costs large = run("large", 10_000, 100_000);
        large.seconds.forEach((step, seconds) -> {
            System.out.printf(
                    Locale.ROOT,
                    "%-45s %6.3f s, %,11d bytes; of a tenth: %6.3f s, %,11d bytes%n",
                    step,
                    seconds,
                    large.bytes.get(step),
                    small.seconds.get(step),
                    small.bytes.get(step));
            assertThat(seconds).as(step).isLessThan(40 * small.seconds.get(step) + 2);
        });
        assertThat(large.bytes.get("address change: to each watcher"))
                .isLessThan(100)
                .isLessThanOrEqualTo(small.bytes.get("address change: to each watcher") + 8);
    }

    private Costs run(String name, int groups, int shards) throws IOException {
        Costs costs = new Costs();
        OsDisk disk = new OsDisk(Files.createDirectory(directory.resolve(name)));
        List<Configuration> heard = new ArrayList<>();
        List<CreationRecord> created = new ArrayList<>();
        ControllerStateMachine controller = ControllerStateMachine.open(
                new StateFile(disk, "controller", ControllerStateMachine.FILE_VERSION), (configuration, records) -> {
                    heard.add(configuration);
                    created.addAll(records);
                });

        long since = System.nanoTime();
        controller.apply(List.of(entry(1, found(groups, shards))));
        Configuration first = heard.get(0);
        costs.add("founding: controller", since, first.getSerializedSize());
        assertThat(created).hasSize(groups);

        since = System.nanoTime();
        TestTime time = new TestTime();
        ConfigurationHub hub = new ConfigurationHub(
                new StateFile(disk, "configuration", ConfigurationHub.FILE_VERSION),
                "f",
                time.lane(new boolean[] {true}),
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
        hub.offer(first, created);
        costs.add("founding: file of a node", since, size(disk, "configuration"));

        since = System.nanoTime();
        TreeMap<Long, Long> here = new TreeMap<>();
        long genesis = 0;
        CreationRecord own = CreationRecord.newBuilder().addVoters("n0").build();
        for (ReplicaPlan.Step step : ReplicaPlan.steps(
                new NodeId("n0"), first, own, here, group -> hub.records().find(group))) {
            CreationRecord record = ((ReplicaPlan.Create) step).record();
            genesis += record.toByteArray().length;
            here.put(record.getGroup(), record.getCreatedIn());
        }
        assertThat(here).hasSize(groups * 3 / NODES + 1);
        assertThat(ReplicaPlan.steps(
                        new NodeId("n0"),
                        first,
                        own,
                        here,
                        group -> hub.records().find(group)))
                .isEmpty();
        costs.add("founding: replicas of a node", since, genesis);

        since = System.nanoTime();
        controller.flushSoon();
        costs.add("controller's file", since, size(disk, "controller"));

        Map<String, NodeStatus> reports = reports(first);
        since = System.nanoTime();
        FleetStatus status = FleetStatus.merge(first, reports);
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            StatusJson.write(status, json);
            json.writeEndObject();
        }
        assertThat(StatusText.lines(status)).hasSizeGreaterThan(groups + shards);
        costs.add("status: merged and printed", since, text.getBuffer().length());
        costs.bytes.put(
                "status: asked",
                first.getSerializedSize()
                        + reports.values().stream()
                                .mapToLong(NodeStatus::getSerializedSize)
                                .sum());
        costs.seconds.put("status: asked", 0.0);

        since = System.nanoTime();
        controller.apply(List.of(entry(2, moved())));
        costs.add("address change: controller", since, 0);

        since = System.nanoTime();
        Configuration second = heard.get(1);
        hub.offer(second, List.of());
        ConfigurationDelta delta = hub.watchers().changesSince(1);
        costs.add("address change: a node that hears the whole", since, second.getSerializedSize());

        since = System.nanoTime();
        assertThat(ConfigurationDeltas.apply(first, delta)).isEqualTo(second);
        costs.add("address change: to each watcher", since, delta.getSerializedSize());

        since = System.nanoTime();
        assertThat(controller.query(1)).contains(first);
        costs.add("an old configuration asked for", since, first.getSerializedSize());
        return costs;
    }

    private static long size(OsDisk disk, String file) throws IOException {
        return Files.size(Path.of(disk.describe(file)));
    }

    private static Entry entry(long index, ControllerCommand.Builder command) {
        return new Entry(1, index, EntryKind.COMMAND, command.build().toByteArray());
    }

    private static ControllerCommand.Builder found(int groups, int shards) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId("f").setGroups(groups).setShards(shards);
        for (int i = 0; i < NODES; i++) {
            found.addNodes(node(i, "10.0.0." + i + ":7400"));
        }
        return ControllerCommand.newBuilder().setFound(found);
    }

    private static ControllerCommand.Builder moved() {
        return ControllerCommand.newBuilder()
                .setRegisterNode(RegisterNode.newBuilder().setFleetId("f").setNode(node(3, "10.0.0.33:7400")));
    }

    private static Node node(int i, String address) {
        return Node.newBuilder()
                .setId("n" + i)
                .setAddress(address)
                .setFeatureLevel(1)
                .build();
    }

    private static Map<String, NodeStatus> reports(Configuration configuration) {
        Map<String, NodeStatus.Builder> reports = new TreeMap<>();
        configuration
                .getNodesList()
                .forEach(node ->
                        reports.put(node.getId(), NodeStatus.newBuilder().setId(node.getId())));
        configuration
                .getGroupsList()
                .forEach(group -> group.getReplicasList()
                        .forEach(node -> reports.get(node)
                                .addReplicas(ReplicaStatus.newBuilder()
                                        .setGroup(group.getId())
                                        .setTerm(3)
                                        .setLeader(group.getReplicas(0))
                                        .setCommitIndex(1_000)
                                        .setAppliedIndex(1_000)
                                        .setLastIndex(1_000)
                                        .setRole("FOLLOWER")
                                        .addAllReplicas(group.getReplicasList()))));
        Map<String, NodeStatus> built = new TreeMap<>();
        reports.forEach((id, report) -> built.put(id, report.build()));
        return built;
    }
}
