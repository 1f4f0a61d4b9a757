package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three hosts on threads, over a network and logs in memory. */
class RaftHostTest {
    private final MemoryNetwork network = new MemoryNetwork();
    private final Map<NodeId, MemoryLogStore> logs = new ConcurrentHashMap<>();
    private TestFleet fleet;

    @BeforeEach
    void start() {
        fleet = new TestFleet(id -> logs.computeIfAbsent(id, i -> new MemoryLogStore()), network::transport);
        fleet.startAll();
    }

    @AfterEach
    void stop() throws Exception {
        List<Throwable> defects = new ArrayList<>();
        List<String> halted = new ArrayList<>();
        for (TestNode node : fleet.nodes.values()) {
            defects.addAll(node.defects);
            node.host.status().stream()
                    .map(GroupStatus::failure)
                    .filter(failure -> failure != null && !failure.contains("boom"))
                    .forEach(halted::add);
        }
        fleet.closeAll();
        assertThat(defects).isEmpty();
        assertThat(halted).as("replicas halted by themselves").isEmpty();
    }

    @Test
    void everyProposalIsAppliedOnceInOrderOnEveryReplicaAndReadsSeeIt() throws Exception {
        fleet.create(4);
        for (long group = 1; group <= 4; group++) {
            long id = group;
            fleet.untilDone(node -> node.increment(id));
            TestNode leader = fleet.leaderOf(id);
            List<CompletableFuture<Object>> results = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                results.add(leader.increment(id));
            }
            for (int i = 0; i < 100; i++) {
                assertThat(results.get(i).get(20, TimeUnit.SECONDS)).isEqualTo(i + 2L);
            }
            assertThat(leader.read(id).get(20, TimeUnit.SECONDS)).isEqualTo(101L);
            for (TestNode node : fleet.nodes.values()) {
                node.machines.open.get(id).reaches(101).get(20, TimeUnit.SECONDS);
            }
        }
        assertThat(fleet.nodes.firstEntry().getValue().host.status())
                .extracting(GroupStatus::groupId)
                .containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void aVisitGetsTheMachineAsThisNodeHasItWhoeverLeads() throws Exception {
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
        for (TestNode node : fleet.nodes.values()) {
            node.machines.open.get(1L).reaches(1).get(20, TimeUnit.SECONDS);
            CompletableFuture<Long> count = new CompletableFuture<>();
            node.host.visit(
                    1,
                    machine -> count.complete(machine.as(CounterMachine.class).count()));
            assertThat(count.get(20, TimeUnit.SECONDS)).isPositive();
            CompletableFuture<StateMachine> none = new CompletableFuture<>();
            node.host.visit(77, none::complete);
            assertThat(none.get(20, TimeUnit.SECONDS)).isNull();
        }
    }

    @Test
    void aVisitThatFailsHaltsTheReplicaAlone() throws Exception {
        fleet.create(2);
        fleet.untilDone(node -> node.increment(1));
        TestNode node = fleet.nodes.firstEntry().getValue();
        node.machines.open.get(1L).reaches(1).get(20, TimeUnit.SECONDS);
        node.host.visit(1, machine -> {
            throw new IllegalStateException("boom");
        });
        CompletableFuture<StateMachine> after = new CompletableFuture<>();
        node.host.visit(1, after::complete);
        assertThat(after.get(20, TimeUnit.SECONDS)).isNull();
        fleet.untilDone(any -> any.increment(2));
    }

    @Test
    void whoDoesNotLeadRefusesAndNamesTheLeader() throws Exception {
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
        TestNode leader = fleet.leaderOf(1);
        for (TestNode node : fleet.nodes.values()) {
            if (node != leader) {
                node.machines.open.get(1L).reaches(1).get(20, TimeUnit.SECONDS);
                assertRefused(node.increment(1), new Refusal.NotLeader(leader.id));
                assertRefused(node.read(1), new Refusal.NotLeader(leader.id));
            }
        }
        assertRefused(leader.increment(77), new Refusal.NoReplica());
        assertRefused(leader.read(77), new Refusal.NoReplica());
    }

    @Test
    void theOthersGoOnWithoutTheLeaderAndItCatchesUpWhenItIsBack() throws Exception {
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
        TestNode leader = fleet.leaderOf(1);
        leader.kill();
        fleet.nodes.remove(leader.id);
        long count = (Long) fleet.untilDone(node -> node.increment(1));
        assertThat(count).isGreaterThanOrEqualTo(2);
        TestNode back = fleet.start(leader.id);
        count = (Long) fleet.untilDone(node -> node.increment(1));
        back.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count).get(20, TimeUnit.SECONDS);
    }

    @Test
    void afterAStopOfAllEverythingAcknowledgedIsThere() throws Exception {
        fleet.create(3);
        Map<Long, Object> counts = new ConcurrentHashMap<>();
        for (long group = 1; group <= 3; group++) {
            long id = group;
            for (int i = 0; i < 10; i++) {
                counts.put(id, fleet.untilDone(node -> node.increment(id)));
            }
        }
        fleet.closeAll();
        fleet.startAll();
        for (long group = 1; group <= 3; group++) {
            long id = group;
            assertThat(fleet.untilDone(node -> node.read(id))).isEqualTo(counts.get(id));
        }
    }

    @Test
    void aMachineThatThrowsHaltsItsGroupOnly() throws Exception {
        fleet.create(2);
        fleet.untilDone(node -> node.increment(1));
        fleet.untilDone(node -> node.increment(2));
        TestNode leader = fleet.leaderOf(1);
        CompletableFuture<Object> boom = leader.propose(1, CounterMachine.BOOM);
        assertThatThrownBy(() -> boom.get(20, TimeUnit.SECONDS)).hasMessageContaining("Indeterminate");
        assertThat(leader.groupFailures.poll(20, TimeUnit.SECONDS)).isEqualTo(1L);
        assertThat(leader.host.status(1).failure()).contains("boom at");
        assertThat(leader.host.status(2).failure()).isNull();
        assertThat(leader.host.stats().haltedGroups()).isEqualTo(1);
        assertRefused(leader.increment(1), new Refusal.NoReplica());
        assertRefused(leader.read(1), new Refusal.NoReplica());
        assertThat(fleet.untilDone(node -> node.increment(2))).isEqualTo(2L);
    }

    @Test
    void aSlowMachineDelaysNoHeartbeat() throws Exception {
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
        TestNode leader = fleet.leaderOf(1);
        long term = leader.host.status(1).state().term();
        CountDownLatch gate = new CountDownLatch(1);
        leader.machines.applyGate = gate;
        CompletableFuture<Object> slow = leader.increment(1);
        CountDownLatch heartbeats = new CountDownLatch(40); // to two followers, 4 are due per election timeout
        network.watcher = (from, to, messages) -> {
            if (from.equals(leader.id) && messages.get(0).message() instanceof Message.Heartbeat) {
                heartbeats.countDown();
            }
        };
        assertThat(heartbeats.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(slow).isNotDone();
        assertThat(leader.host.status(1).state().term()).isEqualTo(term);
        assertThat(leader.host.status(1).state().role()).isEqualTo(RoleName.LEADER);
        gate.countDown();
        assertThat(slow.get(20, TimeUnit.SECONDS)).isEqualTo(2L);
    }

    @Test
    void heartbeatsOfManyGroupsTravelTogether() throws Exception {
        fleet.create(100);
        for (long group = 1; group <= 100; group++) {
            long id = group;
            fleet.untilDone(node -> node.increment(id));
        }
        CountDownLatch heartbeats = new CountDownLatch(3_000);
        AtomicInteger frames = new AtomicInteger();
        network.watcher = (from, to, messages) -> {
            if (messages.stream().allMatch(m -> m.message() instanceof Message.Heartbeat)) {
                frames.incrementAndGet();
                messages.forEach(m -> heartbeats.countDown());
            }
        };
        assertThat(heartbeats.await(30, TimeUnit.SECONDS)).isTrue();
        // 100 groups led by three nodes with two workers each: 200 heartbeats in at most 12 frames per interval
        assertThat(frames.get()).isLessThan(3_000 / 8);
    }

    @Test
    void anOrderlyStopClosesMachinesAndLogAndAnswersEverybody() throws Exception {
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
        TestNode leader = fleet.leaderOf(1);
        List<CompletableFuture<Object>> open = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            open.add(leader.increment(1));
            open.add(leader.read(1));
        }
        CounterMachine machine = leader.machines.open.get(1L);
        leader.host.close();
        leader.host.close();
        leader.host.closed().get(20, TimeUnit.SECONDS);
        for (CompletableFuture<Object> call : open) {
            try {
                call.get(20, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOf(TestNode.RefusedException.class);
            }
        }
        assertThat(machine.isClosed()).isTrue();
        assertThat(logs.get(leader.id).closes()).isEqualTo(1);
        assertRefused(leader.increment(1), new Refusal.NoReplica());
    }

    @Test
    void aCommandTooLargeForAnyFrameIsAnError() {
        fleet.create(1);
        TestNode node = fleet.nodes.firstEntry().getValue();
        assertThatThrownBy(() -> node.propose(1, new byte[7 << 20]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("split it");
    }

    static void assertRefused(CompletableFuture<Object> call, Refusal expected) {
        assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TestNode.RefusedException.class)
                .extracting(e -> ((TestNode.RefusedException) e.getCause()).refusal)
                .isEqualTo(expected);
    }
}
