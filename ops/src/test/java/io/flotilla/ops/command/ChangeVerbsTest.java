package io.flotilla.ops.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksum;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.StateMark;
import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The verbs that change a fleet, explain it and verify it, on a node whose answers are scripted. */
class ChangeVerbsTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<FleetChangeRequest> changes = new ArrayList<>();
    private boolean watched;
    private ScriptedNode node;
    private ScriptedNode second;

    @BeforeEach
    void start() throws IOException {
        node = new ScriptedNode("n1");
        second = new ScriptedNode("n2");
        node.configuration = Configuration.newBuilder()
                .setNumber(16)
                .setFleetId("f")
                .addNodes(Node.newBuilder().setId("n1").setAddress(node.address()))
                .addNodes(Node.newBuilder().setId("n2").setAddress(second.address()))
                .addControllerReplicas("n1")
                .addGroups(Group.newBuilder().setId(1).addReplicas("n1").addReplicas("n2"))
                .addGroups(Group.newBuilder().setId(2).addReplicas("n1").addReplicas("n2"))
                .addShards(shard(1, "", "40", 1, 3))
                .addShards(shard(2, "40", "80", 2, 1))
                .addShards(shard(3, "80", "", 1, 2))
                .build();
        second.configuration = node.configuration;
        node.status = node.status.toBuilder()
                .addReplicas(led(0))
                .addReplicas(led(1))
                .addReplicas(led(2))
                .build();
    }

    @AfterEach
    void stop() {
        node.close();
        second.close();
    }

    private static Shard.Builder shard(long id, String start, String end, long group, long epoch) {
        return Shard.newBuilder()
                .setId(id)
                .setStart(ByteString.copyFromUtf8(start))
                .setEnd(ByteString.copyFromUtf8(end))
                .setGroup(group)
                .setEpoch(epoch);
    }

    private static ReplicaStatus led(long group) {
        return ReplicaStatus.newBuilder()
                .setGroup(group)
                .setLeader("n1")
                .setTerm(4)
                .setRole("LEADER")
                .build();
    }

    private int run(String line) {
        out.reset();
        err.reset();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]),
                out,
                new PrintStream(err, true, UTF_8),
                watched,
                Map.of("FLOTILLA_ENDPOINTS", node.address()));
        return Commands.run(Flotilla.commandLine(terminal), terminal, line.split(" "));
    }

    private String printed() {
        return out.toString(UTF_8);
    }

    private String errors() {
        return err.toString(UTF_8);
    }

    private JsonNode json() throws IOException {
        assertThat(printed().lines()).hasSize(1);
        return new ObjectMapper().readTree(printed());
    }

    private void answer(Function<FleetChangeRequest, Response> reply) {
        node.script = request -> {
            if (!request.hasFleetChange()) {
                return null;
            }
            changes.add(request.getFleetChange());
            return reply.apply(request.getFleetChange());
        };
    }

    private static Response reply(FleetChangeReply.Builder reply) {
        return Response.newBuilder().setFleetChange(reply).build();
    }

    private static FleetChangeReply.Builder twoMoves() {
        return FleetChangeReply.newBuilder()
                .setConfigurationNumber(17)
                .addMoves(
                        PlannedMove.newBuilder().setShard(1).setFrom(1).setTo(2).setBytes(256L << 20))
                .addMoves(
                        PlannedMove.newBuilder().setShard(3).setFrom(1).setTo(2).setBytes(100));
    }

    private void next(Configuration configuration) {
        node.older.add(node.configuration);
        node.configuration = configuration;
        second.configuration = configuration;
    }

    private Configuration.Builder numbered(long number) {
        return node.configuration.toBuilder().setNumber(number);
    }

    /** Shards 1 and 3 have group 2 as their target. */
    private Configuration moving() {
        Configuration now = node.configuration;
        return numbered(17)
                .setShards(0, now.getShards(0).toBuilder().setTarget(2).setMoveId(17))
                .setShards(2, now.getShards(2).toBuilder().setTarget(2).setMoveId(17))
                .build();
    }

    private static Shard arrived(Shard shard) {
        return shard.toBuilder()
                .setGroup(shard.getTarget())
                .setEpoch(shard.getEpoch() + 1)
                .clearTarget()
                .clearMoveId()
                .clearCancelled()
                .build();
    }

    private static Shard stayed(Shard shard) {
        return shard.toBuilder().clearTarget().clearMoveId().clearCancelled().build();
    }

    /** From the second look at the controller's configuration on it is that one. */
    private void afterOneLook(Function<FleetChangeRequest, Response> reply, Supplier<Configuration> then) {
        int[] looks = {0};
        node.script = request -> {
            if (request.hasFleetChange()) {
                changes.add(request.getFleetChange());
                return reply.apply(request.getFleetChange());
            }
            if (request.getConfiguration().getLinearizable() && ++looks[0] == 2) {
                next(then.get());
            }
            return null;
        };
    }

    private Response commitMoves(FleetChangeRequest request) {
        next(moving());
        return reply(twoMoves());
    }

    @Test
    void aGroupJoinsAndItsIdIsPrinted() throws IOException {
        answer(change -> reply(FleetChangeReply.newBuilder()
                .setGroup(5)
                .setConfigurationNumber(17)
                .addReplicas("n1")
                .addReplicas("n2")));
        assertThat(run("groups join --replicas n1,n2")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).isEqualTo("join group=5 replicas=n1,n2\ngroup=5 configuration=17\n");
        assertThat(errors()).isEmpty();
        FleetChangeRequest asked = changes.get(0);
        assertThat(asked.getFleetId()).isEqualTo("f");
        assertThat(asked.getRequestId().size()).isEqualTo(16);
        assertThat(asked.getDryRun()).isFalse();
        assertThat(asked.getJoinGroup().getReplicasList()).containsExactly("n1", "n2");

        assertThat(run("groups join --replication 2 --output json")).isEqualTo(ExitCode.DONE);
        assertThat(changes.get(1).getJoinGroup().getReplication()).isEqualTo(2);
        assertThat(changes.get(1).getRequestId()).isNotEqualTo(asked.getRequestId());
        assertThat(json().toString())
                .isEqualTo(
                        "{\"configuration\":17,\"group\":5,\"replicas\":[\"n1\",\"n2\"],\"moves\":[],\"warnings\":[],"
                                + "\"dryRun\":false}");
    }

    @Test
    void aDryRunPrintsThePlanThatTheRunPrints() throws IOException {
        answer(change -> reply(twoMoves().addWarnings("group 2 has no leader")));
        assertThat(run("rebalance --dry-run")).isEqualTo(ExitCode.DONE);
        String plan = printed();
        // 256 MiB at 50 MB a second and a second for the steps; the second shard comes after the first
        assertThat(plan)
                .isEqualTo(
                        "move shard=1 from=1 to=2 bytes=268435456 time=7s\nmove shard=3 from=1 to=2 bytes=100 time=8s\n");
        assertThat(errors()).isEqualTo("flotilla: rebalance: group 2 has no leader\n");
        assertThat(changes.get(0).getDryRun()).isTrue();
        assertThat(changes.get(0).hasRebalance()).isTrue();

        assertThat(run("rebalance")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).isEqualTo(plan + "configuration=17\n");

        assertThat(run("rebalance --dry-run --output json")).isEqualTo(ExitCode.DONE);
        JsonNode json = json();
        assertThat(json.at("/moves/0").toString())
                .isEqualTo("{\"shard\":1,\"from\":1,\"to\":2,\"bytes\":268435456,\"seconds\":7}");
        assertThat(json.at("/dryRun").asBoolean()).isTrue();
        assertThat(json.at("/warnings/0").asText()).isEqualTo("group 2 has no leader");
    }

    @Test
    void aPlanWithoutMovesPrintsNothing() {
        answer(change -> reply(FleetChangeReply.newBuilder().setConfigurationNumber(16)));
        assertThat(run("rebalance --dry-run")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).isEmpty();
        assertThat(run("rebalance --wait")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).startsWith("configuration=16\n");
    }

    @Test
    void whatIsAskedForReachesTheController() {
        answer(change -> reply(FleetChangeReply.newBuilder().setConfigurationNumber(17)));
        run("groups leave 2");
        run("shards move 3 --to 2");
        run("shards cancel 3");
        assertThat(changes.get(0).getLeaveGroup().getGroup()).isEqualTo(2);
        assertThat(changes.get(1).getMoveShard().getShard()).isEqualTo(3);
        assertThat(changes.get(1).getMoveShard().getTo()).isEqualTo(2);
        assertThat(changes.get(2).getCancelShard().getShard()).isEqualTo(3);
    }

    @Test
    void aRefusalExitsWithFourInTheControllersWords() {
        answer(change -> ScriptedNode.refusal(Refusal.Kind.INVALID, "shard 3 moves already: cancel that first"));
        assertThat(run("shards move 3 --to 2 --wait")).isEqualTo(ExitCode.REFUSED);
        assertThat(errors()).isEqualTo("flotilla: shards move: refused: shard 3 moves already: cancel that first\n");
        assertThat(printed()).isEmpty();
    }

    @Test
    void noAnswerOfTheControllerExitsWithThree() {
        answer(change -> ScriptedNode.SILENCE);
        assertThat(run("rebalance --timeout 500ms")).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(errors())
                .startsWith("flotilla: rebalance: the controller gave no answer in time")
                .hasLineCount(1);
        assertThat(run("rebalance --dry-run --timeout 500ms")).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(errors()).contains("the fleet is not available").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "groups join --replicas n1 --replication 3 | mutually exclusive",
                "groups join --replication 0 | --replication is 0",
                "groups leave | Missing required parameter: 'GROUP'",
                "groups leave many | 'many'",
                "groups leave 0 | GROUP is 0",
                "shards move 3 | --to",
                "shards move 0 --to 1 | SHARD is 0",
                "shards cancel -- -1 | SHARD is -1",
                "shards mov 3 --to 2 | unexpected word 'mov'",
                "groups --timeout 3s leave 4 | flags stand after 'leave'",
                "rebalance --dry-run --wait | nothing to wait for",
                "explain | Missing required parameter",
                "explain fleet 3 | 'fleet'",
                "explain shard first | 'first' is no shard's id",
                "verify now | unexpected word 'now'",
            })
    void wrongUsageExitsWithTwo(String line, String message) {
        assertThat(run(line)).isEqualTo(ExitCode.USAGE);
        assertThat(errors()).startsWith("flotilla: ").contains(message).hasLineCount(1);
        assertThat(changes).isEmpty();
    }

    @Test
    void aWrongWordOfAVerbNamesTheWholeVerb() {
        run("shards move 3");
        assertThat(errors()).startsWith("flotilla: shards move: ").endsWith("see 'flotilla shards move --help'\n");
    }

    @Test
    void whoWaitsSeesTheEnd() throws IOException {
        afterOneLook(
                this::commitMoves,
                () -> numbered(19)
                        .setShards(0, arrived(node.configuration.getShards(0)))
                        .setShards(2, arrived(node.configuration.getShards(2)))
                        .build());
        assertThat(run("rebalance --wait")).isEqualTo(ExitCode.DONE);
        assertThat(printed().lines().toList().subList(2, 4))
                .containsExactly("configuration=17", "done: all shards are where they should be");
    }

    @Test
    void aCancelByWhomeverExitsWithOne() throws IOException {
        afterOneLook(
                this::commitMoves,
                () -> numbered(19)
                        .setShards(0, arrived(node.configuration.getShards(0)))
                        .setShards(2, stayed(node.configuration.getShards(2)))
                        .build());
        assertThat(run("rebalance --wait --output json")).isEqualTo(ExitCode.NEGATIVE);
        assertThat(errors()).isEqualTo("flotilla: rebalance: cancelled: shard 3 stays where it was\n");
        assertThat(json().at("/outcome").asText()).isEqualTo("cancelled");
        assertThat(json().at("/moves")).hasSize(2);
    }

    @Test
    void aCancelThatComesTooLateExitsWithFour() {
        next(moving());
        Function<FleetChangeRequest, Response> cancel = change -> {
            next(numbered(18)
                    .setShards(2, node.configuration.getShards(2).toBuilder().setCancelled(true))
                    .build());
            return reply(FleetChangeReply.newBuilder().setConfigurationNumber(18));
        };
        afterOneLook(
                cancel,
                () -> numbered(19)
                        .setShards(2, arrived(node.configuration.getShards(2)))
                        .build());
        assertThat(run("shards cancel 3 --wait")).isEqualTo(ExitCode.REFUSED);
        assertThat(errors())
                .contains("too late: shard 3 had been frozen, and went to group 2")
                .hasLineCount(1);
    }

    @Test
    void aCancelInTimeExitsWithZero() {
        next(moving());
        Function<FleetChangeRequest, Response> cancel = change -> {
            next(numbered(18)
                    .setShards(2, node.configuration.getShards(2).toBuilder().setCancelled(true))
                    .build());
            return reply(FleetChangeReply.newBuilder().setConfigurationNumber(18));
        };
        afterOneLook(
                cancel,
                () -> numbered(19)
                        .setShards(2, stayed(node.configuration.getShards(2)))
                        .build());
        assertThat(run("shards cancel 3 --wait")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).isEqualTo("configuration=18\ndone: shard 3 stays with group 1\n");
    }

    @Test
    void aGroupHasLeftWhenItIsGone() {
        Function<FleetChangeRequest, Response> leave = change -> {
            next(moving().toBuilder()
                    .setGroups(0, node.configuration.getGroups(0).toBuilder().setState(GroupState.GROUP_STATE_LEAVING))
                    .build());
            return reply(twoMoves());
        };
        afterOneLook(
                leave,
                () -> numbered(20)
                        .removeGroups(0)
                        .setShards(0, arrived(node.configuration.getShards(0)))
                        .setShards(2, arrived(node.configuration.getShards(2)))
                        .build());
        assertThat(run("groups leave 1 --wait")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).endsWith("configuration=17\ndone: group 1 has ended\n");
    }

    @Test
    void aGroupHasJoinedWhenItHasALeader() {
        answer(change -> {
            node.status = node.status.toBuilder().addReplicas(led(5)).build();
            return reply(FleetChangeReply.newBuilder().setGroup(5).setConfigurationNumber(16));
        });
        assertThat(run("groups join --wait")).isEqualTo(ExitCode.DONE);
        assertThat(printed()).isEqualTo("group=5 configuration=16\ndone: group 5 is led by n1\n");
    }

    @Test
    void onATerminalProgressIsShown() {
        watched = true;
        MoveStatus.Builder copying = MoveStatus.newBuilder()
                .setShard(1)
                .setMoveId(17)
                .setPhase(MoveStatus.Phase.COPYING)
                .setDrives(true)
                .setCopiedBytes(64L << 20)
                .setTotalBytes(256L << 20)
                .setBytesPerSecond(95L << 20)
                .setLags("n2")
                .setExpectedPauseMillis(12);
        node.status = node.status.toBuilder().addMoves(copying).build();
        afterOneLook(
                this::commitMoves,
                () -> numbered(19)
                        .setShards(0, arrived(node.configuration.getShards(0)))
                        .setShards(2, arrived(node.configuration.getShards(2)))
                        .build());
        assertThat(run("rebalance --wait")).isEqualTo(ExitCode.DONE);
        assertThat(errors())
                .contains(
                        "2 of 2 moves to go: 64 MiB of 256 MiB, 95 MiB/s; shard 1 copying, n2 lags, expected pause 12 ms");
    }

    @Test
    void anInterruptLeavesTheWorkGoingOnAndSaysSo() throws Exception {
        int[] code = {-1};
        Thread waiting = new Thread(() -> code[0] = run("shards move 3 --to 2 --wait"));
        int[] looks = {0};
        node.script = request -> {
            if (request.getConfiguration().getLinearizable() && ++looks[0] == 2) {
                waiting.interrupt();
            }
            return request.hasFleetChange() ? commitMoves(request.getFleetChange()) : null;
        };
        waiting.start();
        waiting.join(30_000);
        assertThat(code[0]).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(errors())
                .isEqualTo(
                        "flotilla: shards move: interrupted; the work goes on: 'flotilla explain shard 3' tells how far"
                                + " it is\n");
    }

    @Test
    void aShardThatMovesIsExplained() throws IOException {
        next(moving());
        node.status = node.status.toBuilder()
                .addMoves(MoveStatus.newBuilder()
                        .setShard(3)
                        .setMoveId(17)
                        .setPhase(MoveStatus.Phase.COPYING)
                        .setDrives(true)
                        .setCopiedBytes(1 << 20)
                        .setTotalBytes(4 << 20)
                        .setLags("n2")
                        .setWaitsFor("the copy on n2, which lacks 3 MiB")
                        .setSinceMillis(5_000))
                .build();
        assertThat(run("explain shard 3")).isEqualTo(ExitCode.DONE);
        assertThat(printed().lines())
                .containsExactly(
                        "shard 3: moving, group 1 owns it in epoch 2, goes to group 2 (move 17, copying 1.0 MiB of 4.0 MiB),"
                                + " keys from 3830 to the last",
                        "since:     1970-01-01T00:00:05Z",
                        "waits for: the copy on n2, which lacks 3 MiB",
                        "whom:      n2",
                        "next:      group 1 freezes the shard once each live voter of group 2 lacks less than 1 MiB of changes");
        assertThat(run("explain shard 9 --output json")).isEqualTo(ExitCode.NEGATIVE);
        assertThat(errors())
                .isEqualTo(
                        "flotilla: explain: there is no shard 9 in configuration 17; 'flotilla shards' lists them\n");
        assertThat(run("explain node n2 --output json")).isEqualTo(ExitCode.DONE);
        assertThat(json().at("/name").asText()).isEqualTo("node n2");
    }

    private Response verified(Request request, long checksum) {
        if (request.hasStateMark()) {
            return Response.newBuilder()
                    .setStateMark(StateMark.newBuilder()
                            .setIndex(70 + request.getStateMark().getGroup()))
                    .build();
        }
        return request.hasReplicaChecksum()
                ? Response.newBuilder()
                        .setReplicaChecksum(ReplicaChecksum.newBuilder()
                                .setAppliedIndex(request.getReplicaChecksum().getAtMark())
                                .setChecksum(checksum))
                        .build()
                : null;
    }

    @Test
    void replicasThatAreEqualAreVerified() throws IOException {
        node.script = request -> verified(request, 0xab);
        int[] asked = {0};
        second.script = request -> request.hasReplicaChecksum() && asked[0]++ < 4
                ? ScriptedNode.refusal(Refusal.Kind.BUSY, "it is being computed")
                : verified(request, 0xab);
        assertThat(run("verify")).isEqualTo(ExitCode.DONE);
        assertThat(printed().lines())
                .containsExactly(
                        "group 1: index 71: 2 replicas have 00000000000000ab",
                        "group 2: index 72: 2 replicas have 00000000000000ab",
                        "verified groups=2 of=2 replicas=4");
        assertThat(run("verify --output json")).isEqualTo(ExitCode.DONE);
        assertThat(json().at("/groups/1/replicas/1/checksum").asText()).isEqualTo("00000000000000ab");
        assertThat(json().at("/same").asBoolean()).isTrue();
    }

    @Test
    void replicasThatDifferExitWithOneAndThePlace() {
        node.script = request -> verified(request, 1);
        second.script =
                request -> verified(request, request.getReplicaChecksum().getGroup() == 2 ? 2 : 1);
        assertThat(run("verify")).isEqualTo(ExitCode.NEGATIVE);
        assertThat(errors())
                .isEqualTo("flotilla: verify: group 2: index 72: the replicas differ: n1 has 0000000000000001, n2 has"
                        + " 0000000000000002\n");
    }

    @Test
    void aNodeThatIsDownExitsWithThreeAndItsName() {
        node.script = request -> verified(request, 1);
        second.close();
        assertThat(run("verify --timeout 1s")).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(errors()).contains("no answer from the replicas on n2;").hasLineCount(1);
        assertThat(printed()).contains("group 1: index 71: 1 replica has 0000000000000001; missing: n2 (");
    }

    @Test
    void aStateThatIsNotKeptIsAskedForAtAnotherIndex() {
        long[] index = {70};
        node.script = request -> request.hasStateMark()
                ? Response.newBuilder()
                        .setStateMark(StateMark.newBuilder().setIndex(++index[0]))
                        .build()
                : verified(request, 1);
        second.script = request -> request.getReplicaChecksum().getAtMark() == 71
                ? ScriptedNode.refusal(Refusal.Kind.UNAVAILABLE, "not kept any more")
                : verified(request, 1);
        assertThat(run("verify")).isEqualTo(ExitCode.DONE);
        assertThat(index[0]).isEqualTo(73);
    }

    @Test
    void aNodesStatusIsNotNeededToVerify() {
        node.status = NodeStatus.newBuilder().setId("n1").build();
        node.script = request -> request.hasStateMark()
                ? Response.newBuilder()
                        .setRefusal(Refusal.newBuilder()
                                .setKind(Refusal.Kind.NOT_LEADER)
                                .setLeader("n2"))
                        .build()
                : verified(request, 1);
        second.script = request -> verified(request, 1);
        assertThat(run("verify")).isEqualTo(ExitCode.DONE);
    }
}
