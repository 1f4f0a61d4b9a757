package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.transport.GroupMessage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** One host whose log can be held and can fail; the test plays its peer. */
class LogWriterTest {
    private static final NodeId SELF = new NodeId("n1");
    private static final NodeId PEER = new NodeId("n2");

    private final MemoryNetwork network = new MemoryNetwork();
    private final MemoryLogStore log = new MemoryLogStore();
    private final BlockingQueue<GroupMessage> sent = new LinkedBlockingQueue<>();
    private TestNode node = new TestNode(SELF, log, network.transport(SELF));

    LogWriterTest() {
        network.watcher = (from, to, messages) -> sent.addAll(messages);
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    private static GroupDescriptor alone(long id) {
        return new GroupDescriptor(id, Membership.of(SELF), new byte[0]);
    }

    private static GroupDescriptor withPeer(long id) {
        return new GroupDescriptor(id, Membership.of(SELF, PEER), new byte[0]);
    }

    private static GroupMessage append(long groupId, long term) {
        return new GroupMessage(
                groupId,
                new Message.AppendRequest(
                        term, EntryId.ZERO, 0, List.of(new Entry(term, 1, EntryKind.COMMAND, new byte[1]))));
    }

    private <M extends Message> M awaitSent(Class<M> kind) throws Exception {
        while (true) {
            GroupMessage next = sent.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("a %s is sent", kind.getSimpleName()).isNotNull();
            if (kind.isInstance(next.message())) {
                return kind.cast(next.message());
            }
        }
    }

    /** A host without tasks of its own in between: elections are further away than any test lasts. */
    private void startQuiet() throws Exception {
        node.close();
        node = new TestNode(
                SELF,
                log,
                network.transport(SELF),
                c -> new HostConfig(
                        SELF,
                        c.core(),
                        1,
                        1,
                        TimeUnit.MINUTES.toNanos(10),
                        c.limits().withCounts(2, 2, 100)));
        node.host.start();
    }

    private void awaitRunning(long groupId) throws Exception {
        Message ask = new Message.Heartbeat(1, 0, 0);
        while (sent.poll(20, TimeUnit.MILLISECONDS) == null) {
            network.inject(PEER, SELF, new GroupMessage(groupId, ask));
        }
        sent.clear();
    }

    @Test
    void whatManyGroupsWaitForIsOneWriteWithOneSync() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        log.holdSyncs(gate);
        node.host.start();
        for (long id = 0; id < 500; id++) {
            node.host.createGroup(alone(id));
        }
        gate.countDown();
        for (long id = 0; id < 500; id++) {
            long group = id;
            while (node.host.status(group).state().committed() == 0) {
                assertThat(node.nodeFailures).isEmpty();
                Thread.onSpinWait();
            }
        }
        long creating = log.writes().stream()
                .filter(write -> write.stream().anyMatch(w -> w.creation() != null))
                .count();
        assertThat(creating).isLessThanOrEqualTo(2);
        HostStats stats = node.host.stats();
        assertThat(stats.elections()).isEqualTo(500);
        // per group a creation, a vote and a no-op
        assertThat(stats.batches()).isGreaterThanOrEqualTo(1_500);
        assertThat(stats.syncs()).isEqualTo(log.writes().size()).isLessThan(400);
    }

    @Test
    void anAcknowledgementLeavesOnlyAfterTheSync() throws Exception {
        startQuiet();
        node.host.createGroup(withPeer(1));
        awaitRunning(1);
        CountDownLatch gate = new CountDownLatch(1);
        log.holdSyncs(gate);
        network.inject(PEER, SELF, append(1, 1));
        network.inject(PEER, SELF, new GroupMessage(1, new Message.Heartbeat(1, 0, 7)));
        assertThat(awaitSent(Message.HeartbeatReply.class).round()).isEqualTo(7);
        assertThat(sent).isEmpty();
        gate.countDown();
        assertThat(awaitSent(Message.AppendReply.class).matchIndex()).isEqualTo(1);
    }

    @Test
    void ofTwoTermsInOneWriteTheNewerOneIsWritten() throws Exception {
        startQuiet();
        node.host.createGroup(withPeer(1));
        awaitRunning(1);
        CountDownLatch gate = new CountDownLatch(1);
        log.holdSyncs(gate);
        network.inject(PEER, SELF, append(1, 1));
        int before = log.writes().size();
        for (long term = 2; term <= 3; term++) {
            network.inject(PEER, SELF, new GroupMessage(1, new Message.Heartbeat(term, 0, term)));
            while (node.host.status(1).state().term() < term) {
                Thread.onSpinWait();
            }
        }
        gate.countDown();
        while (awaitSent(Message.HeartbeatReply.class).round() < 3) {
            // the reply to the term before
        }
        List<List<GroupWrite>> written = log.writes();
        assertThat(written.size()).as("writes after the one that was held").isLessThanOrEqualTo(before + 2);
        assertThat(written.get(written.size() - 1).get(0).hardState().term()).isEqualTo(3);
    }

    @Test
    void afterAFailedSyncNothingIsAcknowledgedOrSent() throws Exception {
        startQuiet();
        node.host.createGroup(withPeer(1));
        node.host.createGroup(withPeer(2));
        awaitRunning(1);
        awaitRunning(2);
        IOException lost = new IOException("disk gone");
        log.failWrites(lost);
        network.inject(PEER, SELF, append(1, 1));
        assertThat(node.nodeFailures.poll(20, TimeUnit.SECONDS)).isSameAs(lost);
        sent.clear();
        network.inject(PEER, SELF, append(2, 1));
        network.inject(PEER, SELF, new GroupMessage(2, new Message.Heartbeat(1, 0, 1)));
        RaftHostTest.assertRefused(node.increment(2), new Refusal.NoReplica());
        node.host.close();
        node.host.closed().get(20, TimeUnit.SECONDS);
        assertThat(sent).isEmpty();
        assertThat(node.nodeFailures).isEmpty();
    }

    @Test
    void aProposalInTheFailedWriteIsIndeterminate() throws Exception {
        node.host.start();
        node.host.createGroup(alone(1));
        awaitLeading(1);
        log.failWrites(new IOException("disk gone"));
        assertThatThrownBy(() -> node.increment(1).get(20, TimeUnit.SECONDS)).hasMessageContaining("Indeterminate");
        assertThat(node.nodeFailures.poll(20, TimeUnit.SECONDS)).hasMessage("disk gone");
        assertThat(node.machines.open.get(1L).count()).isZero();
    }

    private void awaitLeading(long groupId) throws Exception {
        while (true) {
            try {
                node.increment(groupId).get(20, TimeUnit.SECONDS);
                node.read(groupId).get(20, TimeUnit.SECONDS);
                node.machines.open.get(groupId).reset();
                return;
            } catch (ExecutionException e) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void overItsBoundsAGroupAnswersBusy() throws Exception {
        node.close();
        node = new TestNode(
                SELF,
                log,
                network.transport(SELF),
                c -> new HostConfig(
                        SELF, c.core(), 1, 1, c.tickNanos(), c.limits().withCounts(2, 2, 100)));
        node.host.start();
        node.host.createGroup(alone(1));
        awaitLeading(1);
        CountDownLatch gate = new CountDownLatch(1);
        log.holdSyncs(gate);
        CompletableFuture<Object> first = node.increment(1);
        CompletableFuture<Object> second = node.increment(1);
        RaftHostTest.assertRefused(node.increment(1), new Refusal.Busy(20));
        gate.countDown();
        assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo(1L);
        assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo(2L);
        CountDownLatch slow = new CountDownLatch(1);
        node.machines.applyGate = slow;
        long before = node.host.status(1).state().committed();
        CompletableFuture<Object> third = node.increment(1);
        while (node.host.status(1).state().committed() == before) {
            Thread.onSpinWait(); // a read that came earlier need not wait for it
        }
        CompletableFuture<Object> read = node.read(1);
        CompletableFuture<Object> readAgain = node.read(1);
        RaftHostTest.assertRefused(node.read(1), new Refusal.Busy(20));
        slow.countDown();
        assertThat(third.get(20, TimeUnit.SECONDS)).isEqualTo(3L);
        read.get(20, TimeUnit.SECONDS);
        readAgain.get(20, TimeUnit.SECONDS);
        assertThat(node.read(1).get(20, TimeUnit.SECONDS)).isEqualTo(3L);
        assertThat(node.host.stats().busy()).isEqualTo(2);
    }

    /** A replica takes part only when what it starts from is there: its creation record and its open machine. */
    @Test
    @DisplayName("SL-21 nothing is handled before the machine is open")
    void nothingIsHandledBeforeTheMachineIsOpen() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        node.machines.openGate = gate;
        node.host.start();
        node.host.createGroup(withPeer(1));
        long asked = 0;
        while (node.host.stats().unknownGroup() < 100) {
            network.inject(PEER, SELF, new GroupMessage(1, new Message.VoteRequest(5, new EntryId(4, 9))));
            asked++;
        }
        assertThat(asked).isGreaterThanOrEqualTo(100);
        assertThat(sent).isEmpty();
        assertThat(node.host.status(1).state().term()).isZero();
        gate.countDown();
        while (sent.isEmpty()) {
            network.inject(PEER, SELF, new GroupMessage(1, new Message.VoteRequest(5, new EntryId(4, 9))));
        }
        assertThat(awaitSent(Message.VoteReply.class).term()).isEqualTo(5);
    }

    @Test
    void aGroupWithoutThisNodeIsNotCreatedHere() {
        node.host.start();
        assertThatThrownBy(() -> node.host.createGroup(new GroupDescriptor(1, Membership.of(PEER), new byte[0])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("can't be created on n1");
    }
}
