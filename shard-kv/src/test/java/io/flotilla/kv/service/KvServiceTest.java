package io.flotilla.kv.service;

import static io.flotilla.kv.machine.Writes.GROUP;
import static io.flotilla.kv.machine.Writes.NOW;
import static io.flotilla.kv.machine.Writes.bytes;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.NodeStatusRequest;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.StateMarkRequest;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.MovingGroup;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.SessionLimits;
import io.flotilla.kv.machine.TestClock;
import io.flotilla.kv.machine.Writes;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KvServiceTest {
    /** Keeps what it was asked until the test says what becomes of it. */
    private final class HeldReplicas implements Replicas {
        record Proposal(long group, byte[] payload, ProposalCallback callback) {}

        record Read(long group, ReadCallback callback) {}

        final List<Proposal> proposals = new ArrayList<>();
        final List<Read> reads = new ArrayList<>();

        @Override
        public void propose(long groupId, byte[] payload, ProposalCallback callback) {
            proposals.add(new Proposal(groupId, payload, callback));
        }

        @Override
        public void read(long groupId, ReadCallback callback) {
            reads.add(new Read(groupId, callback));
        }

        @Override
        public void transferLeadership(long groupId, NodeId target, TransferCallback callback) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PublishedGroup published(long groupId) {
            return machines.published(groupId);
        }
    }

    private final MemoryEngine engine = new MemoryEngine();
    private final TestClock clock = new TestClock();
    private final KvMachines machines = new KvMachines(engine, clock);
    private final HeldReplicas replicas = new HeldReplicas();

    private ShardMap configured =
            new ShardMap(Configuration.newBuilder().setNumber(12).build());
    private int featureLevel = 1;
    private boolean noReplicaOfOthers;

    private final NodeDirectory directory = new NodeDirectory() {
        @Override
        public String addressOf(NodeId node) {
            return node.value().equals("n2") ? "host2:7400" : "";
        }

        @Override
        public NodeId leaderOf(long group) {
            return group == GROUP ? new NodeId("n2") : noReplicaOfOthers ? null : new NodeId("n3");
        }

        @Override
        public boolean leads(long group) {
            return true;
        }

        @Override
        public ShardMap shards() {
            return configured;
        }

        @Override
        public int featureLevel() {
            return featureLevel;
        }
    };

    private final KvService service = new KvService(replicas, clock, directory, new ManualLane(clock));
    private final StateMachine machine = machines.open(new GroupDescriptor(
            GROUP,
            Membership.of(new NodeId("n1")),
            KvGenesis.newBuilder()
                    .addShards(Writes.low())
                    .addShards(Writes.high())
                    .build()
                    .toByteArray()));
    private final Map<Long, Response> answers = new TreeMap<>();

    KvServiceTest() {
        clock.wallMillis = NOW;
    }

    private void answer(Response response) {
        assertThat(answers.put(response.getId(), response))
                .as("answered once: %s", response.getId())
                .isNull();
    }

    private static Request writing(long id, WriteRequest write) {
        return Request.newBuilder().setId(id).setWrite(write).build();
    }

    private static WriteRequest toGroup(long group, WriteRequest write) {
        return write.toBuilder()
                .setShard(
                        ShardRef.newBuilder().setGroup(group).setId(70 + group).setEpoch(1))
                .build();
    }

    private static Request getting(long id, String key) {
        return Request.newBuilder()
                .setId(id)
                .setRead(ReadRequest.newBuilder()
                        .setShard(ref(Writes.low()))
                        .setGet(Get.newBuilder().setKey(bytes(key))))
                .build();
    }

    private void applyAll() {
        for (HeldReplicas.Proposal proposal : replicas.proposals) {
            long index = machine.appliedIndex() + 1;
            Object result = machine.apply(List.of(new Entry(1, index, EntryKind.COMMAND, proposal.payload)))
                    .get(0);
            proposal.callback.applied(index, result);
        }
        replicas.proposals.clear();
    }

    @Test
    void aShareOfTheWritesOfAShardThatMovesIsRefusedWhileTheyOutrunTheCopies() {
        long shard = write(1, 1, increment("a", 2)).getShard().getId();
        service.outrun().told(shard, true);
        List<Request> requests = new ArrayList<>();
        for (int i = 1; i <= 16; i++) {
            requests.add(writing(i, write(1, i, increment("a", 2))));
        }
        service.handle(requests, this::answer);
        assertThat(answers).hasSize(2);
        assertThat(answers.values())
                .allMatch(answer -> answer.getRefusal().getKind() == Refusal.Kind.BUSY
                        && answer.getRefusal().getMessage().contains("outrun the copies"));
        applyAll();
        assertThat(answers).hasSize(16);
    }

    @Test
    void writesOfAFrameForOneGroupBecomeOneEntry() {
        service.handle(
                List.of(
                        writing(1, write(1, 1, increment("a", 2))),
                        writing(2, toGroup(9, write(1, 2, increment("x", 1)))),
                        writing(3, write(1, 3, increment("a", 3)))),
                this::answer);
        assertThat(replicas.proposals).extracting(HeldReplicas.Proposal::group).containsExactly(GROUP, 9L);
        assertThat(answers).isEmpty();
        replicas.proposals.remove(1).callback.refused(new io.flotilla.raft.host.Refusal.NoReplica());
        applyAll();
        assertThat(answers.get(1L).getWrite().getValue()).isEqualTo(bytes("2"));
        assertThat(answers.get(3L).getWrite().getValue()).isEqualTo(bytes("5"));
        assertThat(answers.get(3L).getWrite().getLogTimeMillis()).isEqualTo(NOW);
        assertThat(answers.get(2L).getRefusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
    }

    @Test
    void entriesAreBoundedAndALargeWriteTravelsAlone() {
        List<Request> requests = new ArrayList<>();
        ByteString third = ByteString.copyFrom(new byte[KvService.MAX_ENTRY_BYTES / 3]);
        for (int i = 1; i <= 5; i++) {
            requests.add(writing(i, write(1, i, put("k" + i, third))));
        }
        ByteString large = ByteString.copyFrom(new byte[1 << 20]);
        requests.add(writing(6, write(1, 6, Writes.batch(put("a", large), put("b", large)))));
        requests.add(writing(7, write(1, 7, put("c", "small"))));
        service.handle(requests, this::answer);
        assertThat(replicas.proposals).hasSize(5);
        for (HeldReplicas.Proposal proposal : replicas.proposals) {
            assertThat(proposal.payload.length < KvService.MAX_ENTRY_BYTES + 100
                            || proposal == replicas.proposals.get(3))
                    .isTrue();
        }
        applyAll();
        assertThat(answers).hasSize(7);
        assertThat(answers.values()).allMatch(Response::hasWrite);
    }

    @Test
    void malformedRequestsAreRefusedAtTheDoor() {
        service.handle(
                List.of(
                        writing(1, write(1, 1, put("", "x"))),
                        writing(2, toGroup(0, write(1, 2, put("a", "x")))),
                        getting(3, ""),
                        Request.newBuilder()
                                .setId(4)
                                .setNodeStatus(NodeStatusRequest.getDefaultInstance())
                                .build()),
                this::answer);
        assertThat(replicas.proposals).isEmpty();
        assertThat(replicas.reads).isEmpty();
        assertThat(answers).hasSize(4);
        assertThat(answers.values())
                .allMatch(response -> response.getRefusal().getKind() == Refusal.Kind.INVALID
                        && !response.getRefusal().getMessage().isEmpty());
        assertThat(answers.get(1L).getRefusal().getMessage()).contains("key is empty");
    }

    @Test
    void refusalsOfTheHostBecomeThoseOfTheProtocol() {
        service.handle(List.of(writing(1, write(1, 1, put("a", "1"))), getting(2, "a")), this::answer);
        replicas.proposals.get(0).callback.refused(new io.flotilla.raft.host.Refusal.NotLeader(new NodeId("n2")));
        replicas.reads.get(0).callback.refused(new io.flotilla.raft.host.Refusal.NotLeader(null));
        Refusal led = answers.get(1L).getRefusal();
        assertThat(led.getKind()).isEqualTo(Refusal.Kind.NOT_LEADER);
        assertThat(led.getLeader()).isEqualTo("n2");
        assertThat(led.getLeaderAddress()).isEqualTo("host2:7400");
        assertThat(led.getConfigurationNumber()).isEqualTo(12);
        Refusal unled = answers.get(2L).getRefusal();
        assertThat(unled.getKind()).isEqualTo(Refusal.Kind.NOT_LEADER);
        assertThat(unled.getLeader()).isEmpty();

        answers.clear();
        service.handle(List.of(writing(1, write(1, 1, put("a", "1"))), getting(2, "a")), this::answer);
        replicas.proposals.get(1).callback.refused(new io.flotilla.raft.host.Refusal.Indeterminate(new NodeId("n2")));
        replicas.reads.get(1).callback.refused(new io.flotilla.raft.host.Refusal.Busy(77));
        assertThat(answers.get(1L).getRefusal().getKind()).isEqualTo(Refusal.Kind.INDETERMINATE);
        assertThat(answers.get(1L).getRefusal().getLeaderAddress()).isEqualTo("host2:7400");
        assertThat(answers.get(2L).getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(answers.get(2L).getRefusal().getRetryAfterMillis()).isEqualTo(77);

        answers.clear();
        service.handle(List.of(writing(1, write(1, 1, put("a", "1")))), this::answer);
        replicas.proposals
                .get(2)
                .callback
                .refused(new io.flotilla.raft.host.Refusal.Transferring(new NodeId("n2"), 33));
        assertThat(answers.get(1L).getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(answers.get(1L).getRefusal().getMessage()).contains("transfers its leadership to n2");
        assertThat(answers.get(1L).getRefusal().getRetryAfterMillis()).isEqualTo(33);
    }

    @Test
    void nothingIsAnsweredBeforeTheHostSaysSo() {
        service.handle(List.of(getting(2, "a")), this::answer);
        Runnable answer = replicas.reads.get(0).callback.read(machine);
        assertThat(answers).isEmpty();
        service.handle(List.of(writing(3, write(1, 1, put("a", "1")))), this::answer);
        applyAll();
        Runnable again = replicas.reads.get(0).callback.read(machine);
        again.run();
        assertThat(answers.get(2L).getRead().getGet().getFound()).isTrue();
        answers.clear();
        answer.run();
        assertThat(answers.get(2L).getRead().getGet().getFound())
                .as("what was read at first")
                .isFalse();
    }

    /** No node of the target is here: the leader that asked for the shard said who it is. */
    @Test
    void aFrozenShardsRequestsHearWhoHasIt() {
        noReplicaOfOthers = true;
        apply(MovingGroup.moveOut(Writes.low(), 10, 9));
        apply(MovingGroup.freeze(Writes.low().getId(), 10, 2));
        service.handle(List.of(writing(1, write(1, 1, increment("a", 2))), getting(2, "a")), this::answer);
        applyAll();
        replicas.reads.get(0).callback.read(machine).run();
        Shard there = Writes.low().toBuilder().setGroup(9).setEpoch(2).build();
        for (long id = 1; id <= 2; id++) {
            Refusal refusal = answers.get(id).getRefusal();
            assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
            assertThat(refusal.getShardsList()).contains(there);
            assertThat(refusal.getLeader()).isEqualTo("n2");
            assertThat(refusal.getLeaderAddress()).isEqualTo("host2:7400");
        }
        apply(MovingGroup.drop(Writes.low().getId(), 10));
        service.handle(List.of(writing(3, write(1, 1, increment("a", 2)))), this::answer);
        applyAll();
        assertThat(answers.get(3L).getRefusal().getShardsList()).contains(there);
    }

    private void apply(KvCommand command) {
        machine.apply(List.of(new Entry(1, machine.appliedIndex() + 1, EntryKind.COMMAND, command.toByteArray())));
    }

    @Test
    void aStaleRouteTellsShardsAndConfiguration() {
        ShardRef stale = ref(Writes.shard(7, 3, "", "m"));
        service.handle(
                List.of(
                        writing(
                                1,
                                write(1, 1, put("a", "1")).toBuilder()
                                        .setShard(stale)
                                        .build()),
                        Request.newBuilder()
                                .setId(2)
                                .setRead(ReadRequest.newBuilder()
                                        .setShard(stale)
                                        .setGet(Get.newBuilder().setKey(bytes("a"))))
                                .build()),
                this::answer);
        applyAll();
        replicas.reads.get(0).callback.read(machine).run();
        for (Response response : answers.values()) {
            assertThat(response.getRefusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
            assertThat(response.getRefusal().getConfigurationNumber()).isEqualTo(12);
            assertThat(response.getRefusal().getShardsList()).containsExactly(Writes.low());
            assertThat(response.getRefusal().getLeader()).isEqualTo("n2");
            assertThat(response.getRefusal().getLeaderAddress()).isEqualTo("host2:7400");
        }
        assertThat(answers).hasSize(2);
    }

    @Test
    void aRefusalNamesWhatIsKnownOfTheRangeAndNothingElse() {
        // the configuration is older for what this group has, and newer for what it never had
        configured = new ShardMap(Configuration.newBuilder()
                .setNumber(13)
                .addShards(Writes.shard(7, 1, "", "m"))
                .addShards(Writes.shard(8, 2, "m", "t"))
                .addShards(Writes.shard(9, 2, "t", "").toBuilder().setGroup(5))
                .build());
        long id = 0;
        for (Shard named : List.of(
                Writes.shard(7, 9, "", ""),
                Writes.shard(8, 2, "", ""),
                Writes.shard(9, 1, "", ""),
                Writes.shard(77, 1, "", ""))) {
            service.handle(
                    List.of(writing(
                            ++id,
                            write(1, id, put("p", "1")).toBuilder()
                                    .setShard(ref(named))
                                    .build())),
                    this::answer);
        }
        applyAll();
        assertThat(answers.get(1L).getRefusal().getShardsList()).containsExactly(Writes.low());
        assertThat(answers.get(2L).getRefusal().getShardsList()).containsExactly(Writes.high());
        assertThat(answers.get(3L).getRefusal().getShardsList())
                .as("what this group serves there has the higher epoch")
                .containsExactly(Writes.high());
        assertThat(answers.get(4L).getRefusal().getShardsList())
                .as("nobody knows the shard: where the key is")
                .containsExactly(Writes.high());
        configured = new ShardMap(Configuration.newBuilder()
                .setNumber(14)
                .addShards(Writes.shard(7, 1, "", "m"))
                .addShards(Writes.shard(8, 5, "m", "t").toBuilder().setGroup(5).setTarget(6))
                .addShards(Writes.shard(10, 5, "t", ""))
                .build());
        service.handle(
                List.of(writing(
                        ++id,
                        write(1, id, put("p", "1")).toBuilder()
                                .setShard(ref(Writes.shard(8, 2, "", "")))
                                .build())),
                this::answer);
        applyAll();
        Refusal moved = answers.get(id).getRefusal();
        assertThat(moved.getShardsList()).extracting(Shard::getId).containsExactly(8L, 10L);
        assertThat(moved.getShards(0).getGroup()).isEqualTo(5);
        assertThat(moved.getLeader()).as("of group 5").isEqualTo("n3");
        assertThat(moved.getConfigurationNumber()).isEqualTo(14);
    }

    private static <T extends Message> T newer(T message, int number) {
        UnknownFieldSet more = UnknownFieldSet.newBuilder()
                .addField(
                        number, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        @SuppressWarnings("unchecked")
        T built = (T) message.toBuilder().setUnknownFields(more).build();
        return built;
    }

    @Test
    void whatIsNotKnownInEveryPartIsRefusedAndComesIntoNoLog() {
        WriteRequest good = write(1, 1, put("a", "1"));
        Mutation later = newer(Mutation.getDefaultInstance(), 99);
        service.handle(
                List.of(
                        newer(writing(1, good), 31),
                        writing(2, newer(good, 32)),
                        writing(
                                3,
                                good.toBuilder()
                                        .setShard(newer(good.getShard(), 33))
                                        .build()),
                        writing(4, good.toBuilder().setMutation(later).build()),
                        writing(
                                5,
                                good.toBuilder()
                                        .setMutation(Writes.batch(later))
                                        .build()),
                        Request.newBuilder()
                                .setId(6)
                                .setGoodbye(newer(Writes.goodbye(1), 36))
                                .build(),
                        Request.newBuilder()
                                .setId(7)
                                .setRead(newer(getting(7, "a").getRead(), 37))
                                .build(),
                        Request.newBuilder()
                                .setId(8)
                                .setRead(getting(8, "a").getRead().toBuilder()
                                        .setGet(newer(
                                                Get.newBuilder()
                                                        .setKey(bytes("a"))
                                                        .build(),
                                                38)))
                                .build(),
                        writing(9, good)),
                this::answer);
        List<String> fields = List.of(
                "field 31 of Request",
                "field 32 of WriteRequest",
                "field 33 of ShardRef",
                "field 99 of Mutation",
                "field 99 of Mutation",
                "field 36 of GoodbyeRequest",
                "field 37 of ReadRequest",
                "field 38 of Get");
        for (int i = 0; i < fields.size(); i++) {
            Refusal refusal = answers.get(i + 1L).getRefusal();
            assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.INVALID);
            assertThat(refusal.getMessage())
                    .isEqualTo("the request has " + fields.get(i)
                            + ", which this node does not know: use a client of the fleet's version");
        }
        assertThat(replicas.reads).isEmpty();
        assertThat(replicas.proposals).hasSize(1);
        applyAll();
        assertThat(answers.get(9L).hasWrite())
                .as("its neighbours are not disturbed")
                .isTrue();
    }

    @Test
    void aRequestThatANodePassedOnIsTakenAsAnyOther() {
        service.handle(
                List.of(writing(1, write(1, 1, put("a", "1"))).toBuilder()
                        .setPassedOn(true)
                        .build()),
                this::answer);
        applyAll();
        assertThat(answers.get(1L).hasWrite()).isTrue();
    }

    @Test
    void eachShardOfAnEntryHasItsOwnLogTime() {
        clock.wallMillis = NOW + 86_400_000;
        WriteRequest low = write(1, 1, put("a", "1")).toBuilder()
                .setNotAfterMillis(NOW + 86_400_000)
                .build();
        service.handle(List.of(writing(1, low)), this::answer);
        applyAll();
        clock.wallMillis = NOW;
        clock.passMillis(2_000);
        WriteRequest high = write(1, 1, put("x", "1")).toBuilder()
                .setShard(ref(Writes.high()))
                .build();
        service.handle(
                List.of(
                        writing(2, high),
                        writing(
                                3,
                                low.toBuilder()
                                        .setSequence(2)
                                        .setNotAfterMillis(NOW + 86_402_000)
                                        .build()),
                        writing(4, high.toBuilder().setSequence(2).build())),
                this::answer);
        assertThat(replicas.proposals).hasSize(1);
        applyAll();
        assertThat(answers.get(2L).getWrite().getLogTimeMillis()).isEqualTo(NOW + 2_000);
        assertThat(answers.get(3L).getWrite().getLogTimeMillis()).isEqualTo(NOW + 86_402_000);
        assertThat(answers.get(4L).getWrite().getLogTimeMillis()).isEqualTo(NOW + 2_000);
    }

    @Test
    void aGoodbyeIsAnEntryOfItsOwnKind() {
        service.handle(List.of(writing(1, write(1, 1, increment("a", 1)))), this::answer);
        applyAll();
        for (long id = 2; id <= 3; id++) {
            service.handle(
                    List.of(Request.newBuilder()
                            .setId(id)
                            .setGoodbye(Writes.goodbye(1))
                            .build()),
                    this::answer);
            applyAll();
            assertThat(answers.get(id).getGoodbye().getLogTimeMillis()).isEqualTo(NOW);
        }
        service.handle(
                List.of(Request.newBuilder()
                        .setId(4)
                        .setGoodbye(Writes.goodbye(1).toBuilder().setShard(ref(Writes.shard(7, 9, "", ""))))
                        .build()),
                this::answer);
        applyAll();
        assertThat(answers.get(4L).getRefusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        assertThat(answers.get(4L).getRefusal().getShardsList()).containsExactly(Writes.low());
        service.handle(List.of(writing(5, write(1, 1, increment("a", 1)))), this::answer);
        applyAll();
        assertThat(answers.get(5L).getWrite().getValue())
                .as("nothing of the session is remembered")
                .isEqualTo(bytes("2"));
    }

    @Test
    void aFullSessionIsRefusedWithoutAnEntry() {
        List<Request> many = new ArrayList<>();
        for (int i = 2; i <= 2 * SessionLimits.SESSION_WRITES + 1; i++) {
            many.add(writing(i, write(1, i, put("a", ""))));
        }
        service.handle(many, this::answer);
        applyAll();
        assertThat(answers.values()).allMatch(Response::hasWrite);
        answers.clear();
        service.handle(
                List.of(
                        writing(1, write(1, 20_000, put("a", "1"))),
                        writing(2, write(2, 1, put("a", "1"))),
                        writing(3, write(1, 1, put("a", "1")))),
                this::answer);
        assertThat(answers).hasSize(1);
        assertThat(answers.get(1L).getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(answers.get(1L).getRefusal().getRetryAfterMillis()).isPositive();
        applyAll();
        assertThat(answers.get(2L).hasWrite()).as("another session").isTrue();
        assertThat(answers.get(3L).hasWrite()).as("the oldest").isTrue();
        answers.clear();
        service.handle(List.of(writing(4, write(1, 20_000, put("a", "1")))), this::answer);
        assertThat(replicas.proposals).as("no entry for nothing").isEmpty();
        assertThat(answers).hasSize(1);
    }

    @Test
    void noKindIsProposedBelowItsFeatureLevel() {
        featureLevel = 0;
        service.handle(
                List.of(
                        writing(1, write(1, 1, put("a", "1"))),
                        Request.newBuilder()
                                .setId(2)
                                .setGoodbye(Writes.goodbye(1))
                                .build()),
                this::answer);
        assertThat(replicas.proposals).isEmpty();
        for (Response response : answers.values()) {
            assertThat(response.getRefusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
            assertThat(response.getRefusal().getMessage()).contains("feature level 0", "from level 1 on");
        }
        assertThat(answers).hasSize(2);
    }

    @Test
    void readsOfAFrameTakeOneRound() {
        service.handle(List.of(writing(1, write(1, 1, put("a", "1")))), this::answer);
        applyAll();
        service.handle(List.of(getting(2, "a"), getting(3, "b"), getting(4, "a")), this::answer);
        assertThat(replicas.reads).hasSize(1);
        replicas.reads.get(0).callback.read(machine).run();
        assertThat(answers.get(2L).getRead().getGet().getValue()).isEqualTo(bytes("1"));
        assertThat(answers.get(3L).getRead().getGet().getFound()).isFalse();
        assertThat(answers.get(4L).getRead().getGet().getFound()).isTrue();
    }

    @Test
    void whatTheReadsOfAFrameBringIsBounded() {
        service.handle(List.of(writing(1, write(1, 1, put("a", "v".repeat(1 << 20))))), this::answer);
        applyAll();
        List<Request> reads = new ArrayList<>();
        for (int id = 2; id < 22; id++) {
            reads.add(getting(id, "a"));
        }
        service.handle(reads, this::answer);
        replicas.reads.get(0).callback.read(machine).run();
        assertThat(answers.values().stream().filter(Response::hasRead)).hasSizeBetween(7, 9);
        assertThat(answers.get(21L).getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(answers.get(21L).getRefusal().getRetryAfterMillis()).isPositive();
        assertThat(answers).hasSize(21);
    }

    @Test
    void readersOfAFailingReplicaAreAnsweredAndTheHostHearsOfIt() {
        service.handle(List.of(getting(2, "a"), getting(3, "b")), this::answer);
        engine.close();
        assertThatThrownBy(() -> replicas.reads.get(0).callback.read(machine)).isInstanceOf(EngineException.class);
        assertThat(answers).hasSize(2);
        assertThat(answers.values()).allMatch(response -> response.getRefusal().getKind() == Refusal.Kind.UNAVAILABLE);
    }

    private static Request marking(long id) {
        return Request.newBuilder()
                .setId(id)
                .setStateMark(StateMarkRequest.newBuilder().setGroup(GROUP))
                .build();
    }

    @Test
    void aMarkIsAnEntryAndItsIndexTheAnswer() throws Exception {
        featureLevel = 2;
        service.mark(marking(4), this::answer);
        HeldReplicas.Proposal mark = replicas.proposals.remove(0);
        assertThat(mark.group).isEqualTo(GROUP);
        assertThat(KvCommand.parseFrom(mark.payload).hasMark()).isTrue();
        mark.callback.applied(77, null);
        assertThat(answers.get(4L).getStateMark().getIndex()).isEqualTo(77);
        service.mark(marking(5), this::answer);
        replicas.proposals.remove(0).callback.refused(new io.flotilla.raft.host.Refusal.NoReplica());
        assertThat(answers.get(5L).getRefusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
    }

    @Test
    void aFleetWithOlderNodesTakesNoMark() {
        service.mark(marking(4), this::answer);
        assertThat(replicas.proposals).isEmpty();
        assertThat(answers.get(4L).getRefusal().getMessage()).contains("the fleet is at feature level 1");
    }
}
