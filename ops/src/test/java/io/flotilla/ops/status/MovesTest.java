package io.flotilla.ops.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.MoveStatus.Phase;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Shard;
import java.io.IOException;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Moves as they are shown and explained: shard 4 goes from group 1 on n1, n2, n3 to group 2 on n4, n5, n6. */
class MovesTest {
    private Configuration configuration = Configuration.newBuilder()
            .setNumber(18)
            .addAllNodes(List.of(node("n1"), node("n2"), node("n3"), node("n4"), node("n5"), node("n6")))
            .addAllControllerReplicas(List.of("n1", "n2", "n3"))
            .addGroups(Group.newBuilder().setId(1).addAllReplicas(List.of("n1", "n2", "n3")))
            .addGroups(Group.newBuilder().setId(2).addAllReplicas(List.of("n4", "n5", "n6")))
            .addShards(Shard.newBuilder()
                    .setId(4)
                    .setGroup(1)
                    .setEpoch(6)
                    .setTarget(2)
                    .setMoveId(18))
            .build();

    private final Map<String, NodeStatus> reports = new LinkedHashMap<>();

    MovesTest() {
        for (String id : List.of("n1", "n2", "n3")) {
            up(id, "n1", 0, 1);
        }
        for (String id : List.of("n4", "n5", "n6")) {
            up(id, "n4", 2);
        }
    }

    private static Node node(String id) {
        return Node.newBuilder().setId(id).setAddress(id + ":1").build();
    }

    private void up(String id, String leader, long... groups) {
        NodeStatus.Builder status = NodeStatus.newBuilder().setId(id).setReady(true);
        for (long group : groups) {
            status.addReplicas(ReplicaStatus.newBuilder()
                    .setGroup(group)
                    .setLeader(leader)
                    .setTerm(3)
                    .setRole("FOLLOWER"));
        }
        reports.put(id, status.build());
    }

    private void tells(String node, MoveStatus.Builder move) {
        reports.put(
                node,
                reports.get(node).toBuilder()
                        .addMoves(move.setShard(4).setMoveId(18))
                        .build());
    }

    private static MoveStatus.Builder move(Phase phase) {
        return MoveStatus.newBuilder().setPhase(phase);
    }

    private void shard(Shard.Builder changed) {
        configuration = configuration.toBuilder().setShards(0, changed).build();
    }

    private FleetStatus fleet() {
        return FleetStatus.merge(configuration, reports);
    }

    private String shards() {
        return StatusText.shards(fleet()).get(1);
    }

    private String json() throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
            generator.writeStartObject();
            StatusJson.shards(fleet(), generator);
            generator.writeEndObject();
        }
        return text.toString();
    }

    @Test
    void theDriverTellsHowFarTheCopyIs() throws IOException {
        tells("n5", move(Phase.COPYING).setCopiedBytes(9 << 20).setTotalBytes(10 << 20));
        tells(
                "n4",
                move(Phase.COPYING)
                        .setDrives(true)
                        .setCopiedBytes(3 << 20)
                        .setTotalBytes(10 << 20)
                        .setBytesPerSecond(2 << 20)
                        .setWaitsFor("n6"));
        assertThat(shards())
                .contains(" moving ")
                .endsWith("to group 2 (move 18, copying 3.0 MiB of 10 MiB, 2.0 MiB/s)");
        assertThat(json())
                .contains(
                        "\"state\":\"moving\",\"target\":2,\"move\":{\"id\":18,\"phase\":\"copying\",\"bytes\":3145728,"
                                + "\"of\":10485760,\"rate\":2097152,\"cancelled\":false,\"waitsFor\":\"n6\"}");
    }

    @Test
    void theOwnerKnowsFirstThatItIsFrozenAndTheTargetThatItHasIt() {
        tells("n4", move(Phase.COPYING).setDrives(true));
        tells("n1", move(Phase.FROZEN));
        assertThat(shards()).contains(" frozen ").endsWith("to group 2 (move 18, frozen)");
        tells("n5", move(Phase.ADOPTED));
        assertThat(shards()).contains(" moving ").endsWith("to group 2 (move 18, adopted)");
    }

    @Test
    void whatWasToldOfAnotherMoveOfTheShardDoesNotCount() throws IOException {
        reports.put(
                "n4",
                reports.get("n4").toBuilder()
                        .addMoves(move(Phase.FROZEN).setShard(4).setMoveId(17))
                        .build());
        assertThat(shards()).endsWith("to group 2 (move 18)");
        assertThat(json()).contains("\"phase\":\"unknown\"");
    }

    @Test
    void aMoveWhoseTargetHasNoMajorityWaitsForItsNodes() {
        tells("n1", move(Phase.COPYING).setSinceMillis(7_000));
        reports.remove("n5");
        reports.remove("n6");
        up("n4", "", 2);
        Explanation why = Explanation.ofShard(fleet(), 4);
        assertThat(why.waitsFor()).isEqualTo("a leader of group 2, of which 2 of 3 replicas do not answer");
        assertThat(why.whom()).containsExactly("n5", "n6");
        assertThat(why.next())
                .isEqualTo(
                        "start these nodes until 2 of the 3 replicas of group 2 are there; then it goes on by itself");
        assertThat(why.since()).isEqualTo(7_000);
    }

    @Test
    void aCancelNeedsTheOwnerAloneAndAMoveThatIsFrozenTheTarget() {
        reports.remove("n2");
        reports.remove("n3");
        up("n1", "", 0, 1);
        tells("n4", move(Phase.FROZEN).setDrives(true).setWaitsFor("n6, which lacks the hold"));
        assertThat(Explanation.ofShard(fleet(), 4).next())
                .isEqualTo("group 2 takes the shard into its log, and serves it");
        assertThat(Explanation.ofShard(fleet(), 4).waitsFor()).isEqualTo("n6, which lacks the hold");
        shard(configuration.getShards(0).toBuilder().setCancelled(true));
        reports.put("n4", reports.get("n4").toBuilder().clearMoves().build());
        assertThat(Explanation.ofShard(fleet(), 4).waitsFor()).startsWith("a leader of group 1");
        assertThat(Explanation.ofShard(fleet(), 4).whom()).containsExactly("n2", "n3");
    }

    @Test
    void whatWasAdoptedWaitsForTheController() {
        tells("n4", move(Phase.ADOPTED).setDrives(true));
        assertThat(Explanation.ofShard(fleet(), 4).next())
                .isEqualTo("the controller writes the new owner into a configuration");
        reports.remove("n2");
        reports.remove("n3");
        up("n1", "", 0, 1);
        assertThat(Explanation.ofShard(fleet(), 4).waitsFor()).startsWith("a leader of the controller's group");
    }

    @Test
    void aMoveOfWhichNobodyTellsWaitsForItsDriver() {
        Explanation why = Explanation.ofShard(fleet(), 4);
        assertThat(why.waitsFor()).isEqualTo("a report of the leader of group 2, which drives the move");
        assertThat(why.whom()).containsExactly("n4");
        assertThat(why.lines().get(1)).isEqualTo("since:     not known");
    }

    @Test
    void aGroupThatLeavesWaitsForItsMovesAndThenForItsReplicas() {
        configuration = configuration.toBuilder()
                .setGroups(0, configuration.getGroups(0).toBuilder().setState(GroupState.GROUP_STATE_LEAVING))
                .build();
        assertThat(Explanation.ofGroup(fleet(), 1).waitsFor()).isEqualTo("the moves of shards [4]");
        shard(configuration.getShards(0).toBuilder().clearTarget().clearMoveId());
        assertThat(Explanation.ofGroup(fleet(), 1).waitsFor()).isEqualTo("targets for shards [4]");
        shard(configuration.getShards(0).toBuilder().setGroup(2).setEpoch(7));
        assertThat(Explanation.ofGroup(fleet(), 1).waitsFor()).isEqualTo("its replicas to delete what they gave away");
        assertThat(Explanation.ofGroup(fleet(), 1).is()).startsWith("leaving, led by n1 in term 3, replicas n1,n2,n3");
        assertThat(StatusText.lines(fleet())).anyMatch(line -> line.matches("1 +n1 .*n1,n2,n3 +leaving"));
    }

    @Test
    void groupsAndNodesThatLackSomethingAreExplained() {
        reports.remove("n6");
        assertThat(Explanation.ofGroup(fleet(), 2).whom()).containsExactly("n6");
        assertThat(Explanation.ofGroup(fleet(), 2).is()).contains("gets [4]");
        assertThat(Explanation.ofGroup(fleet(), 0).is()).startsWith("the controller, active, led by n1");
        assertThat(Explanation.ofNode(fleet(), "n6").waitsFor()).isEqualTo("its process, which does not answer");
        assertThat(Explanation.ofNode(fleet(), "n1").waitsFor()).isEmpty();
        assertThat(Explanation.ofGroup(fleet(), 3)).isNull();
        assertThat(Explanation.ofNode(fleet(), "n9")).isNull();
        assertThat(Explanation.ofShard(fleet(), 5)).isNull();
        shard(configuration.getShards(0).toBuilder().clearTarget().clearMoveId());
        assertThat(Explanation.ofShard(fleet(), 4).next()).isEqualTo("nothing: it does what it should");
    }
}
