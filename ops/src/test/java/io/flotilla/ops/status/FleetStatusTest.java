package io.flotilla.ops.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.DiskStatus;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.Label;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.ReplicaLine;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FleetStatusTest {
    private static final Configuration CONFIGURATION = Configuration.newBuilder()
            .setNumber(7)
            .setFleetId("f")
            .addNodes(Node.newBuilder()
                    .setId("n1")
                    .setAddress("a:1")
                    .setHttpAddress("a:81")
                    .setFeatureLevel(3)
                    .addLabels(Label.newBuilder().setKey("rack").setValue("r1"))
                    .addLabels(Label.newBuilder().setKey("zone").setValue("z1")))
            .addNodes(Node.newBuilder().setId("n2").setAddress("a:2").setDuty(NodeDuty.NODE_DUTY_DRAINING))
            .addNodes(Node.newBuilder().setId("n3").setAddress("a:3"))
            .addGroups(Group.newBuilder()
                    .setId(1)
                    .addAllReplicas(List.of("n1", "n2", "n3"))
                    .setReplication(3))
            .addShards(Shard.newBuilder()
                    .setId(1)
                    .setEnd(ByteString.copyFrom(new byte[] {(byte) 0x80}))
                    .setGroup(1)
                    .setEpoch(2))
            .addShards(Shard.newBuilder()
                    .setId(2)
                    .setStart(ByteString.copyFrom(new byte[] {(byte) 0x80}))
                    .setGroup(1)
                    .setEpoch(1))
            .addAllControllerReplicas(List.of("n1", "n2", "n3"))
            .build();

    private static ReplicaStatus replica(long group, long term, String leader, long commitIndex, long firstIndex) {
        return ReplicaStatus.newBuilder()
                .setGroup(group)
                .setTerm(term)
                .setRole("FOLLOWER")
                .setLeader(leader)
                .setCommitIndex(commitIndex)
                .setAppliedIndex(commitIndex - 1)
                .setFirstIndex(firstIndex)
                .setLastIndex(commitIndex + 2)
                .build();
    }

    private static final Map<String, NodeStatus> REPORTS = Map.of(
            "n1",
                    NodeStatus.newBuilder()
                            .setId("n1")
                            .setReady(true)
                            .setVersion("1.2")
                            .setSinceMillis(5_000)
                            .addReplicas(replica(0, 4, "n1", 9, 1))
                            .addReplicas(replica(1, 3, "n1", 500, 300))
                            .build(),
            "n2",
                    NodeStatus.newBuilder()
                            .setId("n2")
                            .setReason("group 1 has no leader")
                            .addReplicas(replica(0, 4, "", 12, 1))
                            .addReplicas(replica(1, 5, "n2", 400, 250))
                            .build());

    @Test
    void theReplicaWithTheHighestTermSpeaksForItsGroup() {
        FleetStatus fleet = FleetStatus.merge(CONFIGURATION, REPORTS);

        assertThat(fleet.groups())
                .containsExactly(new GroupLine(
                        1,
                        "n2",
                        5,
                        400,
                        399,
                        300,
                        List.of(
                                new ReplicaLine("n1", "follower", 3, 499, 300, 502, ""),
                                new ReplicaLine("n2", "follower", 5, 399, 250, 402, ""),
                                new ReplicaLine("n3", "unknown", 0, 0, 0, 0, "")),
                        List.of(1L, 2L),
                        "active",
                        3,
                        List.of()));
        assertThat(fleet.controller().leader()).isEqualTo("n1");
        assertThat(fleet.controller().commitIndex()).isEqualTo(12);
        assertThat(fleet.controller().nodes()).containsExactly("n1", "n2", "n3");
    }

    @Test
    void aNodeTellsHowMuchItHoldsAndLeads() {
        FleetStatus fleet = FleetStatus.merge(CONFIGURATION, REPORTS);

        assertThat(fleet.nodes().get(0))
                .isEqualTo(new FleetStatus.NodeLine(
                        "n1",
                        "a:1",
                        "a:81",
                        "up",
                        "",
                        "1.2",
                        2,
                        1,
                        "normal",
                        3,
                        List.of("rack=r1", "zone=z1"),
                        5_000,
                        ""));
        assertThat(fleet.nodes().get(2).replicas()).isEqualTo(2);
        assertThat(fleet.nodes().get(2).leaders()).isZero();
    }

    @Test
    void aNodeIsUpOrStartingOrDown() {
        FleetStatus fleet = FleetStatus.merge(CONFIGURATION, REPORTS);

        assertThat(fleet.nodes())
                .extracting(FleetStatus.NodeLine::id, FleetStatus.NodeLine::state, FleetStatus.NodeLine::reason)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("n1", "up", ""),
                        org.assertj.core.groups.Tuple.tuple("n2", "starting", "group 1 has no leader"),
                        org.assertj.core.groups.Tuple.tuple("n3", "down", "does not answer"));
    }

    @Test
    void theJsonHasTheNamesOfTheContract() throws IOException {
        JsonNode json = json(FleetStatus.merge(CONFIGURATION, REPORTS));

        assertThat(json.get("configuration").asLong()).isEqualTo(7);
        assertThat(json.at("/controller/leader").asText()).isEqualTo("n1");
        assertThat(json.at("/nodes/2/id").asText()).isEqualTo("n3");
        assertThat(json.at("/nodes/2/address").asText()).isEqualTo("a:3");
        assertThat(json.at("/nodes/2/state").asText()).isEqualTo("down");
        assertThat(json.at("/groups/0/id").asLong()).isEqualTo(1);
        assertThat(json.at("/groups/0/leader").asText()).isEqualTo("n2");
        assertThat(json.at("/groups/0/term").asLong()).isEqualTo(5);
        assertThat(json.at("/groups/0/commitIndex").asLong()).isEqualTo(400);
        assertThat(json.at("/groups/0/replicas/1").asText()).isEqualTo("n2");
        assertThat(json.at("/shards/0").toString())
                .isEqualTo("{\"id\":1,\"start\":\"\",\"end\":\"80\",\"group\":1,\"epoch\":2,\"state\":\"serving\"}");
        assertThat(json.at("/nodes/0/duty").asText()).isEqualTo("normal");
        assertThat(json.at("/nodes/1/duty").asText()).isEqualTo("draining");
        assertThat(json.at("/nodes/0/since").asText()).isEqualTo("1970-01-01T00:00:05Z");
        assertThat(json.at("/nodes/2/since").isNull()).isTrue();
        assertThat(json.at("/nodes/0/labels/1").asText()).isEqualTo("zone=z1");
        assertThat(json.at("/groups/0/state").asText()).isEqualTo("active");
        assertThat(json.at("/shards/1/start").asText()).isEqualTo("80");
    }

    @Test
    void aMoveAGroupThatLeavesAndANodeThatWasTakenOutAreShown() throws IOException {
        Configuration moving = CONFIGURATION.toBuilder()
                .setNodes(2, CONFIGURATION.getNodes(2).toBuilder().setDuty(NodeDuty.NODE_DUTY_REMOVED))
                .setGroups(
                        0,
                        CONFIGURATION.getGroups(0).toBuilder()
                                .setState(GroupState.GROUP_STATE_LEAVING)
                                .addLearners("n9"))
                .setShards(
                        1,
                        CONFIGURATION.getShards(1).toBuilder()
                                .setTarget(4)
                                .setMoveId(7)
                                .setCancelled(true))
                .build();
        FleetStatus fleet = FleetStatus.merge(moving, REPORTS);
        JsonNode json = json(fleet);
        assertThat(json.at("/nodes/2/state").asText()).isEqualTo("removed");
        assertThat(json.at("/groups/0/state").asText()).isEqualTo("leaving");
        assertThat(json.at("/groups/0/learners/0").asText()).isEqualTo("n9");
        assertThat(json.at("/shards/1/state").asText()).isEqualTo("moving");
        assertThat(json.at("/shards/1/target").asLong()).isEqualTo(4);
        assertThat(json.at("/shards/1/move/id").asLong()).isEqualTo(7);
        assertThat(StatusText.shards(fleet)).anyMatch(line -> line.endsWith("to group 4 (move 7, cancelled)"));
        assertThat(StatusText.groups(fleet)).anyMatch(line -> line.contains("leaving; n9 learns"));
        assertThat(ConfigurationPrinter.lines(moving))
                .anyMatch(line -> line.startsWith("n3") && line.contains("removed"))
                .anyMatch(line -> line.matches("2 .*4 +7 +cancelled"));
    }

    @Test
    void aSlowDiskIsShown() throws IOException {
        DiskStatus slow = DiskStatus.newBuilder()
                .setSlow(true)
                .setNanos(1_500_000_000L)
                .setDescription("writes to its log take 1.500 s each (n2: 0.002 s)")
                .build();
        String words = "its disk is slow: writes to its log take 1.500 s each (n2: 0.002 s)";
        Map<String, NodeStatus> reports = Map.of(
                "n1", REPORTS.get("n1").toBuilder().setDisk(slow).build(),
                "n2", REPORTS.get("n2").toBuilder().setDisk(slow).build(),
                "n3",
                        NodeStatus.newBuilder()
                                .setReady(true)
                                .setDisk(slow.toBuilder().setSlow(false))
                                .build());
        FleetStatus fleet = FleetStatus.merge(CONFIGURATION, reports);
        assertThat(json(fleet).at("/nodes/0/slowDisk").asText()).isEqualTo(words);
        assertThat(json(fleet).at("/nodes/2/slowDisk").asText()).isEmpty();
        assertThat(StatusText.lines(fleet))
                .anyMatch(line -> line.startsWith("n1") && line.endsWith(" " + words))
                .anyMatch(line -> line.endsWith(" draining; group 1 has no leader; " + words))
                .noneMatch(line -> line.startsWith("n3") && line.contains("slow"));
        assertThat(StatusText.nodes(fleet)).anyMatch(line -> line.endsWith(" group 1 has no leader; " + words));
    }

    @Test
    void aFleetOfWhichNobodyAnswersHasNoLeaders() throws IOException {
        JsonNode json = json(FleetStatus.merge(CONFIGURATION, Map.of()));

        assertThat(json.at("/controller/leader").isNull()).isTrue();
        assertThat(json.at("/groups/0/leader").isNull()).isTrue();
        assertThat(json.at("/groups/0/term").asLong()).isZero();
    }

    @Test
    void textNamesEveryNodeGroupAndShard() {
        List<String> lines = StatusText.lines(FleetStatus.merge(CONFIGURATION, REPORTS));

        assertThat(lines)
                .contains("NODE  ADDRESS  STATE     PAGE")
                .contains("n1    a:1      up        http://a:81/")
                .contains("1      n2      5     400     n1,n2,n3")
                .contains("2      80       (last)  1      1      serving");
        assertThat(StatusText.nodes(FleetStatus.merge(CONFIGURATION, REPORTS)))
                .containsExactly(
                        "NODE  ADDRESS  STATE     DUTY      VERSION  LEVEL  REPLICAS  LEADERS  LABELS           PAGE",
                        "n1    a:1      up        normal    1.2      3      2         1        rack=r1,zone=z1  http://a:81/",
                        "n2    a:2      starting  draining  -        0      2         1        -                -             group 1 has no leader",
                        "n3    a:3      down      normal    -        0      2         0        -                -             does not answer");
        assertThat(StatusText.groups(FleetStatus.merge(CONFIGURATION, REPORTS)))
                .containsExactly(
                        "GROUP  LEADER  TERM  COMMIT  APPLIED  FIRST  REPLICAS  SHARDS",
                        "0      n1      4     12      8        1      n1,n2,n3  controller  n3 does not tell",
                        "1      n2      5     400     399      300    n1,n2,n3  2           n3 does not tell");
    }

    private static JsonNode json(FleetStatus fleet) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
            generator.writeStartObject();
            StatusJson.write(fleet, generator);
            generator.writeEndObject();
        }
        return new ObjectMapper().readTree(text.toString());
    }
}
