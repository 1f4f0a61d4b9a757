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
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.NodeStatusRequest;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.Writes;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KvServiceTest {
    /** Keeps what it was asked until the test says what becomes of it. */
    private static final class HeldReplicas implements Replicas {
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
    }

    private static final Clock CLOCK = new Clock() {
        @Override
        public long nanos() {
            return 0;
        }

        @Override
        public long wallMillis() {
            return NOW;
        }
    };

    private static final NodeDirectory DIRECTORY = new NodeDirectory() {
        @Override
        public String addressOf(NodeId node) {
            return node.value().equals("n2") ? "host2:7400" : "";
        }

        @Override
        public long configurationNumber() {
            return 12;
        }
    };

    private final HeldReplicas replicas = new HeldReplicas();
    private final KvService service = new KvService(replicas, CLOCK, DIRECTORY);
    private final MemoryEngine engine = new MemoryEngine();
    private final StateMachine machine = new KvMachines(engine)
            .open(new GroupDescriptor(
                    GROUP,
                    Membership.of(new NodeId("n1")),
                    KvGenesis.newBuilder()
                            .addShards(Writes.low())
                            .addShards(Writes.high())
                            .build()
                            .toByteArray()));
    private final Map<Long, Response> answers = new TreeMap<>();

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
        assertThat(answers.get(1L).getRefusal().getMessage()).contains("handed over to n2");
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
            assertThat(response.getRefusal().getShardsList()).containsExactly(Writes.low(), Writes.high());
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
}
