package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.read.LeaseConfig;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which threads call a state machine: others than its applier's only what surely takes no time. */
class NonBlockingMachineTest {
    private static final NodeId SELF = new NodeId("a");
    private static final String APPLIER = "a-applier-0";
    private static final int FULL = 5;

    private final Queue<Throwable> defects = new ConcurrentLinkedQueue<>();
    private final ThreadRuntime runtime = new ThreadRuntime("a", (lane, cause) -> defects.add(cause));
    private final Set<String> appliedBy = ConcurrentHashMap.newKeySet();
    private final Set<String> readBy = ConcurrentHashMap.newKeySet();
    private final Set<String> readAtLengthBy = ConcurrentHashMap.newKeySet();
    private final Set<String> writtenOutBy = ConcurrentHashMap.newKeySet();
    private final Set<String> closedBy = ConcurrentHashMap.newKeySet();
    /** Answers that leave when the host says that more are hardly to be expected, as those to the network do. */
    private final Queue<Runnable> gathered = new ConcurrentLinkedQueue<>();

    private volatile int mostKept;
    private CoreConfig core = CoreConfig.defaults();
    private RaftHost host;

    @AfterEach
    void close() throws Exception {
        host.close();
        host.closed().get(20, TimeUnit.SECONDS);
        runtime.close();
        assertThat(defects).isEmpty();
    }

    private void start(boolean isNonBlocking) throws Exception {
        // however busy this machine is, nothing is to gather: else nothing runs inline
        HostLimits limits = HostLimits.of(256L << 20).withGatherBytes(Long.MAX_VALUE);
        HostConfig config = new HostConfig(SELF, core, 1, 1, 5_000_000L, limits);
        MemoryLogStore log = new MemoryLogStore();
        host = new RaftHost(
                config,
                runtime,
                log,
                NodeRecords.open(new SimDisk("n1", DiskTimer.standalone(), 1), log, 1),
                new MemoryNetwork().transport(SELF),
                group -> new Machine(isNonBlocking),
                TestNode.disk(SELF),
                new HostListener() {
                    @Override
                    public void answersGiven() {
                        for (Runnable answer = gathered.poll(); answer != null; answer = gathered.poll()) {
                            answer.run();
                        }
                    }

                    @Override
                    public void groupFailed(long groupId, Throwable cause) {
                        defects.add(cause);
                    }

                    @Override
                    public void nodeFailed(Throwable cause) {
                        defects.add(cause);
                    }
                });
        host.start();
        host.createGroup(new GroupDescriptor(0, Membership.of(List.of(SELF)), new byte[0]));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!write()) {
            assertThat(System.nanoTime()).as("no leader").isLessThan(deadline);
        }
    }

    /** With inline runs, as on the network's threads. */
    private boolean write() throws Exception {
        return write(1);
    }

    private boolean write(int bytes) throws Exception {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        runtime.runInline(() -> host.propose(0, new byte[bytes], new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                gathered.add(() -> done.complete(true));
            }

            @Override
            public void refused(Refusal refusal) {
                done.complete(false);
            }
        }));
        return done.get(20, TimeUnit.SECONDS);
    }

    private void read(boolean isLong) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        runtime.runInline(() -> host.read(0, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                (isLong ? readAtLengthBy : readBy).add(Thread.currentThread().getName());
                return () -> gathered.add(() -> done.complete(null));
            }

            @Override
            public boolean isLong() {
                return isLong;
            }

            @Override
            public void refused(Refusal refusal) {
                done.completeExceptionally(new AssertionError(refusal.toString()));
            }
        }));
        done.get(20, TimeUnit.SECONDS);
    }

    private interface Call {
        void make() throws Exception;
    }

    /** Until the applier's thread slept just when there was something to do. */
    private static void until(Set<String> callers, Call call) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (callers.isEmpty() || callers.equals(Set.of(APPLIER))) {
            assertThat(System.nanoTime()).as("called by %s", callers).isLessThan(deadline);
            call.make();
        }
    }

    @Test
    void aNonBlockingMachineRunsOnThreadsThatAreAwakeButForWhatMayBlock() throws Exception {
        start(true);
        until(appliedBy, () -> assertThat(write()).isTrue());
        until(readBy, () -> read(false));
        for (int i = 0; i < 100; i++) {
            read(true);
            assertThat(write()).isTrue();
        }
        assertThat(readAtLengthBy).containsExactly(APPLIER);
        assertThat(writtenOutBy).containsExactly(APPLIER);
        assertThat(mostKept).as("written back soon when it is full").isLessThan(2 * FULL);
    }

    @Test
    void whatIsLeftToTheAppliersThreadIsAnsweredToo() throws Exception {
        start(true);
        for (int i = 0; i < 20; i++) {
            read(true);
            assertThat(write(100_000)).as("more than a few bytes").isTrue();
        }
        assertThat(readAtLengthBy).containsExactly(APPLIER);
    }

    @Test
    void aLongReadThatWaitedForAnEntryIsNotRunByWhoBringsIt() throws Exception {
        CoreConfig usual = CoreConfig.defaults();
        core = new CoreConfig(
                usual.electionTicks(),
                usual.heartbeatTicks(),
                usual.maxAppendBytes(),
                usual.maxInflightMessages(),
                usual.maxInflightBytes(),
                usual.maxUncommittedBytes(),
                1, // entries are handed out one by one, so reads come before those that they must see
                usual.maxResidentBytes(),
                true);
        start(true);
        for (int round = 0; round < 300; round++) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            AtomicInteger open = new AtomicInteger(40);
            Runnable one = () -> {
                if (open.decrementAndGet() == 0) {
                    done.complete(null);
                }
            };
            runtime.runInline(() -> {
                for (int i = 0; i < 30; i++) {
                    host.propose(0, new byte[1], new ProposalCallback() {
                        @Override
                        public void applied(long index, Object result) {
                            gathered.add(one);
                        }

                        @Override
                        public void refused(Refusal refusal) {
                            one.run();
                        }
                    });
                }
            });
            for (int i = 0; i < 10; i++) {
                host.read(0, new LongRead(one));
            }
            done.get(20, TimeUnit.SECONDS);
        }
        assertThat(readAtLengthBy).containsExactly(APPLIER);
    }

    private final class LongRead implements ReadCallback {
        private final Runnable done;

        LongRead(Runnable done) {
            this.done = done;
        }

        @Override
        public Runnable read(StateMachine machine) {
            readAtLengthBy.add(Thread.currentThread().getName());
            return () -> gathered.add(done);
        }

        @Override
        public boolean isLong() {
            return true;
        }

        @Override
        public void refused(Refusal refusal) {
            done.run();
        }
    }

    @Test
    void manyReadsAtOnceAreLeftToTheAppliersThread() throws Exception {
        // without a lease all reads of a turn are safe, and run, together
        core = CoreConfig.defaults().withLeases(LeaseConfig.off());
        start(true);
        Thread here = Thread.currentThread();
        for (int round = 0; round < 300; round++) {
            AtomicInteger open = new AtomicInteger(100);
            AtomicInteger byMe = new AtomicInteger();
            CompletableFuture<Void> done = new CompletableFuture<>();
            runtime.runInline(() -> {
                for (int i = 0; i < 100; i++) {
                    host.read(0, new ReadCallback() {
                        @Override
                        public Runnable read(StateMachine machine) {
                            if (Thread.currentThread() == here) {
                                byMe.incrementAndGet();
                            }
                            return () -> {
                                if (open.decrementAndGet() == 0) {
                                    done.complete(null);
                                }
                            };
                        }

                        @Override
                        public void refused(Refusal refusal) {
                            done.completeExceptionally(new AssertionError(refusal.toString()));
                        }
                    });
                }
            });
            done.get(20, TimeUnit.SECONDS);
            assertThat(byMe).hasValueLessThanOrEqualTo(16);
        }
    }

    @Test
    void machinesAreClosedByTheirThread() throws Exception {
        start(true);
        runtime.runInline(() -> host.close());
        host.closed().get(20, TimeUnit.SECONDS);
        assertThat(closedBy).containsExactly(APPLIER);
    }

    @Test
    void anyOtherMachineHasItsThreadAlone() throws Exception {
        start(false);
        for (int i = 0; i < 500; i++) {
            assertThat(write()).isTrue();
            read(false);
            read(true);
        }
        assertThat(appliedBy).containsExactly(APPLIER);
        assertThat(readBy).containsExactly(APPLIER);
        assertThat(readAtLengthBy).containsExactly(APPLIER);
        assertThat(writtenOutBy).containsExactly(APPLIER);
    }

    /** Keeps back what it applied, a few entries at most. */
    private final class Machine implements StateMachine {
        private final boolean isNonBlocking;
        private long applied;
        private int kept;

        Machine(boolean isNonBlocking) {
            this.isNonBlocking = isNonBlocking;
        }

        @Override
        public boolean isNonBlocking() {
            return isNonBlocking;
        }

        @Override
        public List<Object> apply(List<Entry> entries) {
            appliedBy.add(Thread.currentThread().getName());
            applied = entries.get(entries.size() - 1).index();
            kept += entries.size();
            mostKept = Math.max(mostKept, kept);
            List<Object> results = new ArrayList<>();
            entries.forEach(entry -> results.add(entry.index()));
            return results;
        }

        @Override
        public boolean isFull() {
            return kept >= FULL;
        }

        @Override
        public void writeBack() {
            writtenOutBy.add(Thread.currentThread().getName());
            kept = 0;
        }

        @Override
        public long appliedIndex() {
            return applied;
        }

        @Override
        public long durableIndex() {
            return 0;
        }

        @Override
        public void flushSoon() {}

        @Override
        public SnapshotSource snapshot() {
            throw new UnsupportedOperationException();
        }

        @Override
        public SnapshotSink receiveSnapshot() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void install(SnapshotSink snapshot, EntryId last) {
            throw new UnsupportedOperationException();
        }

        @Override
        public EntryId installed() {
            return EntryId.ZERO;
        }

        @Override
        public void close() {
            closedBy.add(Thread.currentThread().getName());
        }
    }
}
