package io.flotilla.kv.service;

import static io.flotilla.kv.machine.Writes.GROUP;
import static io.flotilla.kv.machine.Writes.NOW;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.TestClock;
import io.flotilla.kv.machine.Writes;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.log.GroupDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Shard 8 goes from group 9, where it has epoch 3, to group 3, which has shard 7 already. */
final class EarlyRequestsTest {
    private static final Shard MOVING = Writes.high();

    private final TestClock clock = new TestClock();
    private final ManualLane lane = new ManualLane(clock);
    private final List<byte[]> proposed = new ArrayList<>();
    private final List<ReadCallback> reads = new ArrayList<>();
    private final Map<Long, Response> answers = new TreeMap<>();
    private PublishedGroup published = serving(Writes.low());
    private ShardMap configured = configuration(9, 3, GROUP);
    private boolean leads = true;

    private final KvService service = new KvService(
            new Replicas() {
                @Override
                public void propose(long groupId, byte[] payload, ProposalCallback callback) {
                    proposed.add(payload);
                }

                @Override
                public void read(long groupId, ReadCallback callback) {
                    reads.add(callback);
                }

                @Override
                public void transferLeadership(long groupId, NodeId target, TransferCallback callback) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public PublishedGroup published(long groupId) {
                    return groupId == GROUP ? published : null;
                }
            },
            clock,
            new NodeDirectory() {
                @Override
                public String addressOf(NodeId node) {
                    return "";
                }

                @Override
                public NodeId leaderOf(long group) {
                    return null;
                }

                @Override
                public boolean leads(long group) {
                    return leads;
                }

                @Override
                public ShardMap shards() {
                    return configured;
                }

                @Override
                public int featureLevel() {
                    return 1;
                }
            },
            lane);

    EarlyRequestsTest() {
        clock.wallMillis = NOW;
    }

    private PublishedGroup serving(Shard... shards) {
        KvMachines machines = new KvMachines(new MemoryEngine(), clock);
        machines.open(new GroupDescriptor(
                GROUP,
                Membership.of(new NodeId("n1")),
                KvGenesis.newBuilder().addAllShards(List.of(shards)).build().toByteArray()));
        return machines.published(GROUP);
    }

    private static ShardMap configuration(long owner, long epoch, long target) {
        return new ShardMap(Configuration.newBuilder()
                .setNumber(5)
                .addShards(Writes.low())
                .addShards(MOVING.toBuilder().setGroup(owner).setEpoch(epoch).setTarget(target))
                .build());
    }

    private void ask(Request... requests) {
        service.handle(List.of(requests), response -> answers.put(response.getId(), response));
    }

    private static Request writing(long id, ByteString value) {
        WriteRequest write =
                write(1, id, put("x", value)).toBuilder().setShard(ref(MOVING)).build();
        return Request.newBuilder().setId(id).setWrite(write).build();
    }

    private static Request writing(long id) {
        return writing(id, ByteString.copyFromUtf8("v"));
    }

    private static Request reading(long id) {
        return Request.newBuilder()
                .setId(id)
                .setRead(ReadRequest.newBuilder()
                        .setShard(ref(MOVING))
                        .setGet(Get.newBuilder().setKey(ByteString.copyFromUtf8("x"))))
                .build();
    }

    @Test
    void theyGoOnAsSoonAsTheShardIsThere() {
        ask(writing(1), reading(2), writing(3));
        lane.runFor(60);
        assertThat(answers).isEmpty();
        assertThat(proposed).isEmpty();
        assertThat(reads).isEmpty();
        published = serving(Writes.low(), MOVING);
        lane.runFor(2);
        assertThat(proposed).hasSize(1);
        assertThat(reads).hasSize(1);
        lane.runFor(200);
        assertThat(answers).isEmpty();
        assertThat(lane.tasks()).isZero();
    }

    @Test
    void afterATenthOfASecondTheyAreBusy() {
        ask(writing(1));
        lane.runFor(50);
        ask(reading(2));
        lane.runFor(49);
        assertThat(answers).isEmpty();
        lane.runFor(2);
        assertThat(answers.keySet()).containsExactly(1L);
        Refusal refusal = answers.get(1L).getRefusal();
        assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(refusal.getMessage()).isEqualTo("shard 8 is on its way to group 3 and not there yet");
        assertThat(refusal.getRetryAfterMillis()).isPositive();
        lane.runFor(60);
        assertThat(answers.keySet()).containsExactly(1L, 2L);
        assertThat(proposed).isEmpty();
        assertThat(lane.tasks()).isZero();
    }

    @Test
    void theirNumberIsBounded() {
        Request[] many = new Request[EarlyRequests.MOST_REQUESTS + 3];
        for (int i = 0; i < many.length; i++) {
            many[i] = reading(i + 1);
        }
        ask(many);
        assertThat(answers).hasSize(3);
        assertThat(answers.values()).allMatch(each -> each.getRefusal().getKind() == Refusal.Kind.BUSY);
        lane.runFor(101);
        assertThat(answers).hasSize(many.length);
        ask(reading(many.length + 1));
        assertThat(answers).as("there is room again").hasSize(many.length);
    }

    @Test
    void theirBytesAreBounded() {
        ByteString large = ByteString.copyFrom(new byte[1 << 20]);
        for (int i = 1; i <= 17; i++) {
            ask(writing(i, large));
        }
        assertThat(answers.keySet()).containsExactly(16L, 17L);
        ask(reading(18));
        assertThat(answers).hasSize(2);
    }

    @Test
    void onlyTheLeaderOfTheTargetLetsThemWaitAndOnlyInTheNextEpoch() {
        leads = false;
        ask(writing(1));
        assertThat(proposed).as("the host says who leads").hasSize(1);
        leads = true;
        configured = configuration(9, 2, GROUP);
        ask(writing(2));
        assertThat(proposed).as("of a later move").hasSize(2);
        configured = configuration(9, 3, 0);
        ask(writing(3));
        assertThat(proposed).as("it stays").hasSize(3);
        configured = configuration(GROUP, 4, 0);
        ask(writing(4));
        assertThat(proposed).as("it is here, though not applied yet").hasSize(4);
        lane.runFor(1);
        assertThat(lane.tasks()).isZero();
    }

    @Test
    void theyGoOnAlsoWhenTheMoveIsOverOrTheLeadershipIsLost() {
        ask(reading(1));
        lane.runFor(10);
        configured = configuration(9, 3, 0);
        lane.runFor(2);
        assertThat(reads).hasSize(1);
        configured = configuration(9, 3, GROUP);
        ask(reading(2));
        lane.runFor(10);
        leads = false;
        lane.runFor(2);
        assertThat(reads).hasSize(2);
        assertThat(answers).isEmpty();
    }
}
