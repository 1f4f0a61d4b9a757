package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.shared.DiskWatch;
import io.flotilla.raft.log.GroupDescriptor;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A disk that does not answer any more stops the node; one that is only slow does not. */
class DiskWatchTest {
    private static final NodeId SELF = new NodeId("n1");

    private final MemoryNetwork network = new MemoryNetwork();
    private final MemoryLogStore log = new MemoryLogStore();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final TestNode node = new TestNode(
            SELF,
            log,
            network.transport(SELF),
            c -> c.withLimits(c.limits().withMaxDiskNanos(Duration.ofMillis(500).toNanos())));

    private void start() throws Exception {
        node.host.start();
        node.host.createGroup(new GroupDescriptor(1, Membership.of(SELF), new byte[0]));
        while (node.host.status(1) == null || node.host.status(1).leader() == null) {
            Thread.onSpinWait();
        }
        assertThat(node.increment(1).get(20, TimeUnit.SECONDS)).isEqualTo(1L);
    }

    @AfterEach
    void stop() throws Exception {
        gate.countDown();
        node.close();
    }

    @Test
    void aSyncThatDoesNotComeBackStopsTheNode() throws Exception {
        start();
        log.holdSyncs(gate);
        CompletableFuture<Object> waiting = node.increment(1);
        Throwable failure = node.nodeFailures.poll(20, TimeUnit.SECONDS);
        assertThat(failure).isInstanceOf(DiskHangsException.class).hasMessageContaining("a write to the log");
        RaftHostTest.assertRefused(waiting, new Refusal.Indeterminate(SELF));
        RaftHostTest.assertRefused(node.increment(1), new Refusal.NoReplica());
    }

    @Test
    void aStateMachineThatDoesNotComeBackStopsTheNode() throws Exception {
        start();
        node.machines.applyGate = gate;
        node.increment(1);
        Throwable failure = node.nodeFailures.poll(20, TimeUnit.SECONDS);
        assertThat(failure).isInstanceOf(DiskHangsException.class).hasMessageContaining("a state machine");
        RaftHostTest.assertRefused(node.increment(1), new Refusal.NoReplica());
    }

    @Test
    void onlyOneCallThatLastsCounts() {
        DiskWatch watch = new DiskWatch("something");
        DiskWatch.Look look = new DiskWatch.Look(watch);
        for (int i = 0; i < 10; i++) {
            watch.begun();
            assertThat(look.look(40)).isZero();
            assertThat(look.look(40)).isEqualTo(40);
            assertThat(look.look(40)).isEqualTo(80);
            watch.ended();
        }
        assertThat(look.look(40)).isZero();
    }

    @Test
    void aSlowCallThatGoesOnDoesNotHang() {
        AtomicLong steps = new AtomicLong();
        DiskWatch watch = new DiskWatch("something", steps::get);
        DiskWatch.Look look = new DiskWatch.Look(watch);
        watch.begun();
        for (int i = 0; i < 10; i++) {
            assertThat(look.look(40)).isZero();
            assertThat(look.look(40)).isEqualTo(40);
            steps.incrementAndGet();
        }
        assertThat(look.look(40)).isZero();
        assertThat(look.look(40)).isEqualTo(40);
    }
}
