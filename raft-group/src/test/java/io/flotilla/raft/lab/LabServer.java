package io.flotilla.raft.lab;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One server: a production host with one group. A crash ends the process; what it wrote survives, as the labs'
 * persister does.
 */
final class LabServer implements HostListener {
    private static final SoftState NOTHING = new SoftState(0, RoleName.FOLLOWER, null, 0, 0);

    final int number;
    final NodeId id;
    private final LabGroup group;
    private final SplittableRandom random;
    private final List<String> applied = new ArrayList<>();
    private LabSnapshot snapshot = LabSnapshot.EMPTY;
    private SimDisk disk;
    private LabLog log;
    private SimRuntime runtime;
    private RaftHost host;

    LabServer(LabGroup group, int number, SplittableRandom random) {
        this.group = group;
        this.number = number;
        this.id = id(number);
        this.random = random;
        this.disk = new SimDisk(id.value(), group.scheduler(), random.nextLong());
    }

    static NodeId id(int number) {
        return new NodeId("s" + number);
    }

    boolean isUp() {
        return runtime != null;
    }

    /** Null until it is started. */
    RaftHost host() {
        return host;
    }

    SoftState state() {
        GroupStatus status = host == null ? null : host.status(LabGroup.GROUP);
        return status == null ? NOTHING : status.state();
    }

    boolean leads() {
        return state().role() == RoleName.LEADER;
    }

    /** The command at a place of what was applied since the start, or null. */
    String applied(long ordinal) {
        return ordinal > applied.size() ? null : applied.get((int) ordinal - 1);
    }

    List<String> applied() {
        return applied;
    }

    void start() {
        applied.clear();
        runtime = new SimRuntime(group.scheduler(), id.value(), random.split(), 0, 0);
        SimRuntime incarnation = runtime;
        incarnation.lane("main").execute(() -> open(incarnation));
        group.stepUntil(1_000, () -> host != null);
    }

    private void open(SimRuntime incarnation) {
        LabLog opened;
        NodeRecords records;
        try {
            opened = new LabLog(
                    group.invariants()
                            .watch(
                                    id,
                                    incarnation,
                                    SegmentedLogStore.open(
                                            disk, "log", new LogConfig(128 << 10, random.nextLong(), 4))),
                    group::committedOrdinal,
                    () -> snapshot.applied(),
                    (command, ordinal, term) -> group.taken(number, command, ordinal, term));
            records = NodeRecords.open(disk, opened, incarnation.randomSeed());
        } catch (IOException e) {
            throw new LabFailure("%s can't open its log: %s", id, e.getMessage());
        }
        SimTransport transport = new SimTransport(group.network(), incarnation, id, id + ":1");
        List<NodeId> all = new ArrayList<>();
        for (int i = 0; i < group.size(); i++) {
            all.add(id(i));
            transport.setAddress(id(i), id(i) + ":1");
        }
        RaftHost newHost = new RaftHost(
                group.timing().config(id),
                incarnation,
                opened,
                records,
                transport,
                group.invariants().watch(id, descriptor -> new LabMachine(this, group.hasSnapshots())),
                disk,
                this);
        newHost.start();
        newHost.createGroup(new GroupDescriptor(LabGroup.GROUP, Membership.of(all), new byte[0]));
        log = opened;
        host = newHost;
    }

    /** What survives of the state machine. */
    LabSnapshot snapshot() {
        return snapshot;
    }

    void save(LabSnapshot newSnapshot) {
        snapshot = newSnapshot;
    }

    /** The bytes of Raft's own state on disk. */
    long stateBytes() {
        return log.stateBytes();
    }

    /** The state machine has this state now. */
    void becomes(List<String> commands) {
        applied.clear();
        for (String command : commands) {
            applied.add(command);
            group.checkApplied(this, applied.size(), command);
        }
    }

    /** @param command or null for an entry that is none */
    void applies(long index, long ordinal, String command) {
        group.committed(index, ordinal);
        if (command != null) {
            applied.add(command);
            group.checkApplied(this, ordinal, command);
        }
    }

    void crash() {
        runtime.kill();
        runtime = null;
        host = null;
        disk = disk.kill(group.scheduler().now());
    }

    @Override
    public void groupFailed(long groupId, Throwable cause) {
        group.scheduler().fail(new AssertionError(id + ": the group failed: " + cause, cause));
    }

    @Override
    public void nodeFailed(Throwable cause) {
        group.scheduler().fail(new AssertionError(id + " failed: " + cause, cause));
    }
}
