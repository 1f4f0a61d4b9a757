package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.WatchedDisk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** A host on the real log, over a disk that sees which lane does what. */
class HostedLogTest {
    private static final int SEGMENT = 64 << 10;
    private static final NodeId SELF = new NodeId("n1");

    private final SimScheduler scheduler = new SimScheduler(3);
    private final SimDisk disk = new SimDisk("n1", scheduler, 1);
    private final List<Lane> lanes = new ArrayList<>();
    private final List<String> zeroed = new ArrayList<>();
    private final List<String> rolls = new ArrayList<>();
    private final List<String> spares = new ArrayList<>();

    private String lane() {
        return lanes.stream()
                .filter(Lane::isCurrent)
                .map(Lane::name)
                .findFirst()
                .orElse("none");
    }

    private void watch(String method, String path, Object[] arguments) {
        try {
            if (method.equals("setSize") && disk.exists(path)) {
                try (DiskFile file = disk.open(path)) {
                    if (file.size() < (long) arguments[0]) {
                        zeroed.add(lane() + " " + path);
                    }
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        if (method.equals("rename") && arguments[1].toString().endsWith(".log")) {
            rolls.add(lane() + " " + path);
        }
        if (method.equals("rename") && path.endsWith(".log")) {
            spares.add(lane() + " " + arguments[1]);
        }
    }

    /**
     * While the log grows its space is written out by the reader's lane, ahead of the roll; once it is as large as it may
     * be, files of segments that are not needed any more are used again, and nobody writes zeros.
     */
    @Test
    void rollsUseSpareFilesAndTheLogKeepsItsBudget() throws IOException {
        Disk watched = WatchedDisk.of(disk, this::watch);
        SimRuntime runtime = new SimRuntime(scheduler, "n1", new SplittableRandom(2), 0, 0);
        SegmentedLogStore log = SegmentedLogStore.open(watched, "log", new LogConfig(SEGMENT, 4 * SEGMENT, 7, 4));
        zeroed.clear();
        rolls.clear();
        RaftHost host = new RaftHost(
                new HostConfig(
                        SELF,
                        CoreConfig.defaults(),
                        1,
                        1,
                        5_000_000L,
                        HostLimits.of(256L << 20).withCounts(10_000, 10_000, 10_000)),
                new Named(runtime),
                log,
                NodeRecords.open(disk, log, 1),
                new MemoryNetwork().transport(SELF),
                new CounterMachine.Factory(new ConcurrentHashMap<>()),
                watched,
                new HostListener() {
                    @Override
                    public void groupFailed(long groupId, Throwable cause) {
                        throw new AssertionError(cause);
                    }

                    @Override
                    public void nodeFailed(Throwable cause) {
                        throw new AssertionError(cause);
                    }
                });
        host.start();
        host.createGroup(new GroupDescriptor(1, Membership.of(SELF), new byte[0]));
        scheduler.runUntil(5_000_000_000L);
        long applied = 0;
        for (int i = 0; i < 400; i++) {
            long now = scheduler.now();
            host.propose(1, new byte[4000], new ProposalCallback() {
                @Override
                public void applied(long index, Object result) {}

                @Override
                public void refused(Refusal refusal) {
                    throw new AssertionError(refusal.toString());
                }
            });
            scheduler.runUntil(now + 100_000_000L);
            applied = host.status(1).applied();
            assertThat(disk.usedBytes()).isLessThan(7 * SEGMENT + 1000);
        }
        assertThat(applied).isGreaterThan(400);
        assertThat(rolls).hasSizeGreaterThan(20).containsOnly("log-writer log/spare.tmp");
        assertThat(zeroed).hasSizeBetween(1, 6).containsOnly("log-reader log/spare.tmp");
        assertThat(spares).hasSizeGreaterThan(15).containsOnly("log-reader log/spare.tmp");
    }

    /** Notes the lanes. */
    private final class Named implements NodeRuntime {
        private final NodeRuntime runtime;

        Named(NodeRuntime runtime) {
            this.runtime = runtime;
        }

        @Override
        public Lane lane(String name) {
            Lane lane = runtime.lane(name);
            lanes.add(lane);
            return lane;
        }

        @Override
        public Clock clock() {
            return runtime.clock();
        }

        @Override
        public long randomSeed() {
            return runtime.randomSeed();
        }

        @Override
        public double processorLoad() {
            return runtime.processorLoad();
        }

        @Override
        public void close() {
            runtime.close();
        }
    }
}
