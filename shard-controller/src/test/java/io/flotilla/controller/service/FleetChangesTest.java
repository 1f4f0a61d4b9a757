package io.flotilla.controller.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupReport;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReport.Outcome;
import io.flotilla.client.proto.MoveReportRequest;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeReportReply;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.client.proto.Refusal.Kind;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardReport;
import io.flotilla.controller.MemoryDisk;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What the controller's leader answers to operators and nodes, over a real state machine. */
class FleetChangesTest {
    private static final long SECOND = 1_000_000_000L;

    private final Replica replica = new Replica();
    private final ControllerStateMachine machine = ControllerStateMachine.open(
            new StateFile(new MemoryDisk(), "c", ControllerStateMachine.FILE_VERSION), (configuration, records) -> {});
    private final ControllerService service = new ControllerService(replica, node -> node.value() + ":1", new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return now / 1_000_000;
        }
    });
    private long now;
    private int requests;
    /** Which node leads each group, and what shards have. */
    private final TreeMap<Long, String> leaders = new TreeMap<>();

    private final TreeMap<Long, Long> bytes = new TreeMap<>();
    private final TreeMap<String, Long> freeDisk = new TreeMap<>();

    private final class Replica implements ControllerReplica {
        private final ArrayDeque<Runnable> held = new ArrayDeque<>();
        boolean holds;
        long term = 3;
        long index;
        int proposals;
        Refusal refuses;

        @Override
        public void propose(byte[] command, ProposalCallback callback) {
            run(() -> {
                if (refuses != null) {
                    callback.refused(refuses);
                    return;
                }
                proposals++;
                callback.applied(index + 1, apply(command));
            });
        }

        Object apply(byte[] command) {
            return machine.apply(List.of(new Entry(term, ++index, EntryKind.COMMAND, command)))
                    .get(0);
        }

        @Override
        public void read(ReadCallback callback) {
            if (refuses != null) {
                callback.refused(refuses);
            } else {
                callback.read(machine).run();
            }
        }

        @Override
        public long term() {
            return term;
        }

        private void run(Runnable task) {
            if (holds) {
                held.add(task);
            } else {
                task.run();
            }
        }

        void letGo() {
            holds = false;
            while (!held.isEmpty()) {
                held.remove().run();
            }
        }
    }

    /** Groups with equally many shards; all led, all nodes heard. */
    private void found(int nodes, int groups, int shards) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId("f").setGroups(groups).setShards(shards);
        for (int i = 1; i <= nodes; i++) {
            found.addNodes(Node.newBuilder().setId("n" + i).setAddress("h:" + i).setFeatureLevel(2));
        }
        replica.apply(ControllerCommand.newBuilder().setFound(found).build().toByteArray());
        lead();
        report();
    }

    private Configuration newest() {
        return machine.newest().orElseThrow();
    }

    /** Each group's first replica leads it. */
    private void lead() {
        newest().getGroupsList().forEach(group -> leaders.putIfAbsent(group.getId(), group.getReplicas(0)));
    }

    /** All nodes say what they lead. */
    private void report() {
        newest().getNodesList().forEach(node -> report(node.getId()));
    }

    private NodeReportReply report(String node) {
        NodeReportRequest.Builder report = NodeReportRequest.newBuilder()
                .setFleetId("f")
                .setNode(node)
                .setFreeDiskBytes(freeDisk.getOrDefault(node, 0L))
                .setDiskBytes(freeDisk.containsKey(node) ? 100L << 30 : 0);
        leaders.forEach((group, leader) -> {
            if (leader.equals(node)) {
                GroupReport.Builder led =
                        GroupReport.newBuilder().setGroup(group).setTerm(5);
                for (Shard shard : newest().getShardsList()) {
                    if (shard.getGroup() == group) {
                        led.addShards(ShardReport.newBuilder()
                                .setShard(shard.getId())
                                .setBytes(bytes.getOrDefault(shard.getId(), 0L)));
                    }
                }
                report.addGroups(led);
            }
        });
        return handle(Request.newBuilder().setNodeReport(report)).getNodeReport();
    }

    private Response handle(Request.Builder request) {
        List<Response> heard = new ArrayList<>();
        service.handle(request.setId(7).build(), heard::add);
        assertThat(heard).as("answered once").hasSize(1);
        assertThat(heard.get(0).getId()).isEqualTo(7);
        return heard.get(0);
    }

    private FleetChangeRequest.Builder change() {
        return FleetChangeRequest.newBuilder()
                .setFleetId("f")
                .setRequestId(ByteString.copyFromUtf8("request" + requests++));
    }

    private Response ask(FleetChangeRequest.Builder change) {
        return handle(Request.newBuilder().setFleetChange(change));
    }

    /** First as a dry run, which has to tell the same. */
    private FleetChangeReply run(FleetChangeRequest.Builder change) {
        long before = newest().getNumber();
        Response dry = ask(change.clone().setDryRun(true));
        assertThat(newest().getNumber()).isEqualTo(before);
        Response run = ask(change.clone());
        assertThat(run.hasFleetChange()).as("%s", run).isTrue();
        FleetChangeReply reply = run.getFleetChange();
        assertThat(dry.getFleetChange())
                .isEqualTo(reply.toBuilder().setConfigurationNumber(before).build());
        assertThat(ask(change).getFleetChange().toBuilder().clearWarnings().build())
                .as("a late copy")
                .isEqualTo(reply.toBuilder().clearWarnings().build());
        return reply;
    }

    private String refused(FleetChangeRequest.Builder change) {
        long before = newest().getNumber();
        Response dry = ask(change.clone().setDryRun(true));
        Response run = ask(change);
        assertThat(run.getRefusal().getKind()).isEqualTo(Kind.INVALID);
        assertThat(dry).isEqualTo(run);
        assertThat(newest().getNumber()).isEqualTo(before);
        return run.getRefusal().getMessage();
    }

    private FleetChangeRequest.Builder join(int replication, String... replicas) {
        return change().setJoinGroup(
                        JoinGroup.newBuilder().setReplication(replication).addAllReplicas(List.of(replicas)));
    }

    private FleetChangeRequest.Builder leave(long group) {
        return change().setLeaveGroup(LeaveGroup.newBuilder().setGroup(group));
    }

    private FleetChangeRequest.Builder move(long shard, long to) {
        return change().setMoveShard(MoveShard.newBuilder().setShard(shard).setTo(to));
    }

    private FleetChangeRequest.Builder rebalance() {
        return change().setRebalance(Rebalance.getDefaultInstance());
    }

    private Response tell(MoveReport... reports) {
        return handle(Request.newBuilder()
                .setMoveReport(MoveReportRequest.newBuilder().setFleetId("f").addAllReports(List.of(reports))));
    }

    private static MoveReport report(Outcome outcome, long shard, long move, long group) {
        return MoveReport.newBuilder()
                .setOutcome(outcome)
                .setShard(shard)
                .setMoveId(move)
                .setGroup(group)
                .build();
    }

    /** All that is open is done. */
    private void arrive() {
        for (Shard shard : newest().getShardsList()) {
            if (shard.getTarget() > 0) {
                tell(report(Outcome.ADOPTED, shard.getId(), shard.getMoveId(), shard.getTarget()));
                tell(report(Outcome.DROPPED, shard.getId(), shard.getMoveId(), shard.getGroup()));
            }
        }
    }

    private TreeMap<Long, Integer> counts() {
        TreeMap<Long, Integer> counts = new TreeMap<>();
        newest().getGroupsList().forEach(group -> counts.put(group.getId(), 0));
        newest().getShardsList().forEach(shard -> counts.merge(shard.getGroup(), 1, Integer::sum));
        return counts;
    }

    @Test
    void fourGroupsBecomeEightAndThenThreeByTheFewestMoves() {
        found(6, 4, 16);
        for (int i = 0; i < 4; i++) {
            FleetChangeReply joined = run(join(0));
            assertThat(joined.getGroup()).isEqualTo(5 + i);
            assertThat(joined.getReplicasList()).hasSize(3).doesNotHaveDuplicates();
        }
        TreeMap<String, Integer> replicas = new TreeMap<>();
        newest().getGroupsList()
                .forEach(group -> group.getReplicasList().forEach(n -> replicas.merge(n, 1, Integer::sum)));
        assertThat(replicas.values()).as("24 replicas on 6 nodes").containsOnly(4);

        Response early = ask(rebalance());
        assertThat(early.getRefusal().getKind()).isEqualTo(Kind.BUSY);
        assertThat(early.getRefusal().getMessage()).contains("group 5", "leader", "try again");
        lead();
        report();
        FleetChangeReply plan = run(rebalance());
        assertThat(plan.getMovesList())
                .hasSize(8)
                .isSortedAccordingTo((a, b) -> Long.compare(a.getShard(), b.getShard()));
        assertThat(newest().getNumber()).as("one configuration for all").isEqualTo(6);
        assertThat(run(rebalance()).getMovesList()).as("under way").isEmpty();
        arrive();
        assertThat(counts().values()).containsOnly(2);
        assertThat(run(rebalance()).getMovesList()).as("done").isEmpty();

        int moves = 0;
        for (long group = 8; group > 3; group--) {
            moves += run(leave(group)).getMovesCount();
            report();
            arrive();
        }
        assertThat(moves).as("what five groups had").isEqualTo(2 + 2 + 2 + 3 + 4);
        assertThat(counts()).hasSize(3);
        assertThat(counts().values()).containsExactlyInAnyOrder(5, 5, 6);
        assertThat(refused(leave(8))).contains("no group 8");
    }

    @Test
    void badWishesAreRefusedInWordsAndRemembered() {
        found(3, 2, 4);
        assertThat(refused(move(9, 1))).contains("no shard 9");
        assertThat(refused(move(1, 9))).contains("no group 9");
        assertThat(refused(move(1, 1))).contains("already");
        assertThat(refused(join(0, "n1", "n1"))).contains("twice");
        assertThat(refused(join(0, "n9"))).contains("no node 'n9'");
        assertThat(refused(join(2, "n1"))).contains("does not fit");
        assertThat(refused(join(4))).contains("4 replicas", "the fleet has 3");
        assertThat(refused(leave(9))).contains("no group 9");
        assertThat(refused(change().setCancelShard(CancelShard.newBuilder().setShard(1))))
                .contains("no move to cancel");
        assertThat(refused(change())).contains("does not say");
        assertThat(refused(move(1, 2).setFleetId("g"))).contains("fleet f", "fleet 'g'");
        run(leave(1));
        assertThat(refused(leave(1))).contains("leaving already");
        assertThat(refused(leave(2))).contains("last");

        assertThat(ask(join(0).clearRequestId()).getRefusal().getMessage()).contains("no id");
        FleetChangeRequest.Builder late = move(2, 3);
        assertThat(refused(late)).contains("no group 3");
        run(join(0));
        assertThat(ask(late).getRefusal().getMessage())
                .as("what the first was told")
                .contains("no group 3");
        UnknownFieldSet strange = UnknownFieldSet.newBuilder()
                .addField(55, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        assertThat(ask(move(2, 3).setUnknownFields(strange)).getRefusal().getMessage())
                .contains("field 55");
    }

    @Test
    void anOlderFleetIsToldWhatItLacksAndNothingGoesIntoItsLog() {
        replica.apply(ControllerCommand.newBuilder()
                .setFound(FoundFleet.newBuilder()
                        .setFleetId("f")
                        .setGroups(2)
                        .setShards(2)
                        .addNodes(
                                Node.newBuilder().setId("n1").setAddress("h:1").setFeatureLevel(2))
                        .addNodes(
                                Node.newBuilder().setId("n2").setAddress("h:2").setFeatureLevel(1)))
                .build()
                .toByteArray());
        assertThat(refused(move(1, 2))).contains("level 1", "level 2", "n2");
        assertThat(refused(join(0))).contains("level 2");
        assertThat(refused(rebalance())).contains("level 2");
        Response report = tell(report(Outcome.ADOPTED, 1, 2, 2));
        assertThat(report.getRefusal().getMessage()).contains("level 2");
        assertThat(replica.proposals).isZero();
    }

    @Test
    void aGroupWithoutALeaderIsNoTargetOfAPlanAndByHandOnlyWithAWarning() {
        found(3, 3, 9);
        run(join(0, "n2"));
        run(join(0, "n1"));
        leaders.put(5L, "n1");
        now += 6 * SECOND;
        report();
        FleetChangeReply plan = run(rebalance());
        assertThat(plan.getMovesList()).isNotEmpty().allMatch(move -> move.getTo() == 5);
        assertThat(plan.getWarningsList()).singleElement().asString().contains("group 4 gets no shards", "no leader");
        FleetChangeReply byHand = run(move(stays(), 4));
        assertThat(byHand.getWarningsList()).singleElement().asString().contains("group 4 has no leader", "waits");
        leaders.remove(1L);
        now += 6 * SECOND;
        report();
        assertThat(run(rebalance()).getMovesList()).noneMatch(move -> move.getTo() == 1);
        leaders.clear();
        now += 6 * SECOND;
        report();
        assertThat(refused(leave(1))).contains("no other group can take", "group 1");
    }

    private long stays() {
        return newest().getShardsList().stream()
                .filter(shard -> shard.getTarget() == 0)
                .findFirst()
                .orElseThrow()
                .getId();
    }

    @Test
    void tooLittleDiskAtTheTarget() {
        found(3, 2, 4);
        bytes.put(1L, 20L << 30);
        for (int i = 1; i <= 3; i++) {
            freeDisk.put("n" + i, 20L << 30);
        }
        report();
        assertThat(refused(move(1, 2))).contains("too little disk", "n1", "shard 1");
        freeDisk.replaceAll((node, free) -> 26L << 30);
        report();
        PlannedMove move = run(move(1, 2)).getMoves(0);
        assertThat(move)
                .isEqualTo(PlannedMove.newBuilder()
                        .setShard(1)
                        .setFrom(1)
                        .setTo(2)
                        .setBytes(20L << 30)
                        .build());
    }

    @Test
    void replicasOfAGroupGoToTheNodesWithTheFewestThatAreThere() {
        found(5, 1, 1);
        assertThat(newest().getGroups(0).getReplicasList()).containsExactly("n1", "n2", "n3");
        assertThat(run(join(0)).getReplicasList()).containsExactly("n4", "n5", "n1");
        assertThat(run(join(1)).getReplicasList()).containsExactly("n2");
        now += 6 * SECOND;
        for (String node : List.of("n1", "n2", "n3", "n5")) {
            report(node);
        }
        assertThat(run(join(3)).getReplicasList()).as("n4 is silent").containsExactly("n3", "n5", "n1");
        FleetChangeReply all = run(join(5));
        assertThat(all.getReplicasList()).hasSize(5).endsWith("n4");
        assertThat(all.getWarningsList()).singleElement().asString().contains("n4", "not heard of");
        assertThat(run(join(0, "n4", "n2")).getReplicasList()).containsExactly("n4", "n2");
    }

    @Test
    void whatChangesBetweenPlanAndCommandIsPlannedAnew() {
        found(3, 3, 9);
        run(join(0));
        lead();
        report();
        replica.holds = true;
        List<Response> heard = new ArrayList<>();
        service.handle(Request.newBuilder().setFleetChange(rebalance()).build(), heard::add);
        service.handle(Request.newBuilder().setFleetChange(rebalance()).build(), heard::add);
        service.handle(Request.newBuilder().setFleetChange(join(0)).build(), heard::add);
        replica.letGo();
        assertThat(heard).hasSize(3).allMatch(Response::hasFleetChange);
        assertThat(heard.get(0).getFleetChange().getMovesList()).hasSize(2);
        List<FleetChangeReply> others =
                List.of(heard.get(1).getFleetChange(), heard.get(2).getFleetChange());
        assertThat(others).anyMatch(reply -> reply.getGroup() == 5).anyMatch(reply -> reply.getMovesCount() == 0);
        assertThat(newest().getShardsList().stream().filter(shard -> shard.getTarget() > 0))
                .hasSize(2);
    }

    /** Sizes change from one second to the next; the operator was told of these moves. */
    @Test
    void aRunKeepsToWhatADryRunTold() {
        found(3, 2, 12);
        run(join(0));
        lead();
        weigh(1);
        FleetChangeReply told = ask(rebalance().setDryRun(true)).getFleetChange();
        assertThat(told.getMovesCount()).isEqualTo(4);
        weigh(13);
        assertThat(shards(ask(rebalance().setDryRun(true)).getFleetChange())).isEqualTo(shards(told));
        assertThat(shards(ask(rebalance()).getFleetChange())).isEqualTo(shards(told));
        arrive();

        weigh(1);
        FleetChangeReply leaving = ask(leave(3).setDryRun(true)).getFleetChange();
        weigh(13);
        assertThat(shards(ask(leave(3)).getFleetChange())).isEqualTo(shards(leaving));
    }

    @Test
    void whatADryRunToldIsForgottenAfterAMinuteAndWhenItDoesNotDoAnyMore() {
        found(3, 2, 12);
        run(join(0));
        lead();
        weigh(1);
        FleetChangeReply told = ask(rebalance().setDryRun(true)).getFleetChange();
        now += FleetChangeCalls.FORESEEN_NANOS + 1;
        weigh(13);
        FleetChangeReply later = ask(rebalance().setDryRun(true)).getFleetChange();
        assertThat(shards(later)).hasSize(4).isNotEqualTo(shards(told));

        PlannedMove first = later.getMoves(0);
        assertThat(ask(move(first.getShard(), 3)).hasFleetChange()).isTrue();
        assertThat(shards(ask(rebalance()).getFleetChange()))
                .as("without the one that is under way already")
                .hasSize(3)
                .doesNotContain(first.getShard() + " from " + first.getFrom() + " to 3");
    }

    /** Other weights, with another order of the shards by weight; all nodes report them. */
    private void weigh(long seed) {
        for (Shard shard : newest().getShardsList()) {
            bytes.put(shard.getId(), 1_000_000 + shard.getId() * seed * 7_919 % 10_007);
        }
        report();
    }

    private static List<String> shards(FleetChangeReply reply) {
        return reply.getMovesList().stream()
                .map(move -> move.getShard() + " from " + move.getFrom() + " to " + move.getTo())
                .toList();
    }

    @Test
    void shardsThatAGroupStillHasWhenItLeavesAreGivenTargetsAgain() {
        found(3, 3, 9);
        run(move(2, 1));
        FleetChangeReply left = run(leave(1));
        assertThat(left.getMovesCount()).isEqualTo(3);
        assertThat(left.getWarningsList()).singleElement().asString().contains("cancelled", "shards 2");
        Shard away = newest().getShards(0);
        assertThat(away.getTarget()).isPositive();
        // one roll forward into it, one that its own log cancelled
        tell(report(Outcome.ADOPTED, 2, 2, 1), report(Outcome.CANCELLED, away.getId(), away.getMoveId(), 1));
        report();
        assertThat(newest().getShardsList().subList(0, 2))
                .allMatch(shard -> shard.getGroup() == 1 && shard.getTarget() > 1 && shard.getMoveId() > 3);
        arrive();
        tell(report(Outcome.DROPPED, 2, 2, 2));
        assertThat(newest().getGroupsList()).extracting(Group::getId).containsExactly(2L, 3L);
    }

    @Test
    void aLeavingGroupIsNotGivenTargetsMoreThanOnceInTenSeconds() {
        found(3, 2, 2);
        run(leave(1));
        int given = 0;
        for (int second = 0; second < 60; second++) {
            now += SECOND;
            Shard shard = newest().getShards(0);
            if (shard.getTarget() > 0) {
                given++;
                tell(report(Outcome.CANCELLED, 1, shard.getMoveId(), 1));
            }
            report();
        }
        assertThat(given).isBetween(6, 8);
        assertThat(newest().getGroups(0).getState()).isEqualTo(GroupState.GROUP_STATE_LEAVING);
    }

    @Test
    void reportsOfMovesThatComeWhileACommandIsOnItsWayShareTheNextOne() {
        found(3, 2, 20);
        run(join(0));
        lead();
        report();
        List<PlannedMove> moves = run(rebalance()).getMovesList();
        long number = newest().getNumber();
        int before = replica.proposals;
        replica.holds = true;
        List<Response> heard = new ArrayList<>();
        for (PlannedMove move : moves) {
            service.handle(
                    Request.newBuilder()
                            .setMoveReport(MoveReportRequest.newBuilder()
                                    .setFleetId("f")
                                    .addReports(report(Outcome.ADOPTED, move.getShard(), number, 3)))
                            .build(),
                    heard::add);
        }
        replica.letGo();
        assertThat(heard).hasSize(moves.size()).allMatch(Response::hasMoveReport);
        assertThat(replica.proposals - before).isEqualTo(2);
        assertThat(newest().getNumber()).isEqualTo(number + 2);
        assertThat(heard.get(5).getMoveReport().getConfigurationNumber()).isEqualTo(number + 2);
        assertThat(counts()).containsEntry(3L, 6);

        leaders.put(1L, "n1");
        leaders.put(2L, "n2");
        List<MoveReport> awaited = report("n1").getAwaitedList();
        assertThat(awaited).isNotEmpty().allMatch(drop -> drop.getGroup() == 1 && drop.getOutcome() == Outcome.DROPPED);
        tell(awaited.toArray(new MoveReport[0]));
        assertThat(report("n1").getAwaitedList()).isEmpty();
        assertThat(report("n2").getAwaitedList()).isNotEmpty();
    }

    @Test
    void tooManyReportsAtATimeAreRefusedBusy() {
        found(3, 2, 2);
        replica.holds = true;
        List<Response> heard = new ArrayList<>();
        Consumer<Integer> send = count -> service.handle(
                Request.newBuilder()
                        .setMoveReport(MoveReportRequest.newBuilder()
                                .setFleetId("f")
                                .addAllReports(Collections.nCopies(count, report(Outcome.DROPPED, 1, 2, 1))))
                        .build(),
                heard::add);
        send.accept(1);
        send.accept(MoveReportCalls.MOST_WAITING);
        send.accept(1);
        assertThat(heard)
                .singleElement()
                .matches(refusal -> refusal.getRefusal().getKind() == Kind.BUSY);
        replica.letGo();
        assertThat(heard).hasSize(3).filteredOn(Response::hasMoveReport).hasSize(2);
        assertThat(tell(report(Outcome.UNKNOWN, 1, 2, 1)).getRefusal().getKind())
                .isEqualTo(Kind.INVALID);
    }

    @Test
    void reportsAreOfOneTermAndOfNodesThatAreKnown() {
        found(3, 2, 2);
        assertThat(run(rebalance()).getMovesList()).isEmpty();
        replica.term++;
        assertThat(ask(rebalance()).getRefusal().getKind())
                .as("a new leader knows nothing")
                .isEqualTo(Kind.BUSY);
        report("stranger");
        assertThat(ask(rebalance()).getRefusal().getKind()).isEqualTo(Kind.BUSY);
        report();
        assertThat(ask(rebalance()).hasFleetChange()).isTrue();
        assertThat(handle(Request.newBuilder()
                                .setNodeReport(NodeReportRequest.newBuilder().setFleetId("g")))
                        .getRefusal()
                        .getKind())
                .isEqualTo(Kind.INVALID);
        assertThat(report("n1").getConfigurationNumber()).isEqualTo(newest().getNumber());
    }

    @Test
    void aNodeThatDoesNotLeadSaysWhoDoes() {
        found(3, 2, 2);
        replica.refuses = new Refusal.NotLeader(new NodeId("n2"));
        for (Request.Builder request : List.of(
                Request.newBuilder().setFleetChange(rebalance()),
                Request.newBuilder()
                        .setNodeReport(NodeReportRequest.newBuilder().setFleetId("f")),
                Request.newBuilder()
                        .setMoveReport(MoveReportRequest.newBuilder().setFleetId("f")))) {
            Response response = handle(request);
            assertThat(response.getRefusal().getKind()).isEqualTo(Kind.NOT_LEADER);
            assertThat(response.getRefusal().getLeaderAddress()).isEqualTo("n2:1");
        }
    }
}
