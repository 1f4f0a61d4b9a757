package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.apply.InstallCallback;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.IncomingSnapshot;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;

/**
 * The snapshots of one replica's state machine: those that its followers need, and the one that it takes over itself. Belongs to
 * the replica's worker. The core is asked only while the replica runs.
 */
final class ReplicaSnapshots {
    private final GroupReplica replica;
    private final HostState state;
    private final SnapshotsOut out = new SnapshotsOut();

    /** To be installed after the entries that are handed to the machine at the end of the turn it came in. */
    private IncomingSnapshot toInstall;

    /** The number of the batch that must be durable before; 0 before the end of that turn. */
    private long awaits;

    ReplicaSnapshots(GroupReplica replica, HostState state) {
        this.replica = replica;
        this.state = state;
    }

    private Snapshots snapshots() {
        return replica.worker().snapshots();
    }

    private boolean leads() {
        RaftCore core = replica.core();
        return core != null && core.softState().role() == RoleName.LEADER;
    }

    /** How far the log may be cut, if {@code upTo} is wished for. */
    long cutAt(long upTo, RaftCore core) {
        return out.cutAt(upTo, core, state.clock.nanos());
    }

    /** A follower asks for a snapshot: what follows it is kept before it is taken. */
    void asked(NodeId to) {
        if (leads()) {
            out.progress(to, replica.status().firstIndex() - 1, state.clock.nanos());
            replica.machine().submitTakeSnapshot(to);
        } else {
            snapshots().notTaken(replica.events(), to, null);
        }
    }

    /** A follower goes on fetching a snapshot. */
    void progress(NodeId to, long lastIndex) {
        if (leads()) {
            out.progress(to, lastIndex, state.clock.nanos());
        }
    }

    /** The machine gave a snapshot for a follower. */
    void taken(NodeId to, SnapshotSource source) {
        EntryId last = null;
        RaftCore core = replica.core();
        if (leads()) {
            try {
                last = core.appliedEntry(source.index());
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        if (last == null) {
            snapshots().notTaken(replica.events(), to, source);
        } else {
            out.progress(to, last.index(), state.clock.nanos());
            SnapshotBase base = new SnapshotBase(last, core.membershipAt(last.index()));
            snapshots().taken(replica.events(), to, core.softState().term(), base, source);
        }
    }

    /** @param last what the follower holds, or null if it got no snapshot */
    void sent(NodeId to, EntryId last) {
        if (last != null) {
            out.installed(to, state.clock.nanos());
        }
        replica.turnTo(core -> {
            if (last == null) {
                core.snapshotFailed(to);
            } else {
                core.snapshotSent(to, last);
            }
        });
    }

    /** The first part of a snapshot is here. */
    void offered(IncomingSnapshot snapshot) {
        RaftCore core = replica.core();
        boolean isWanted = false;
        if (core != null) {
            replica.touch();
            try {
                isWanted = core.wantsSnapshot(snapshot.term(), snapshot.last());
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        snapshots().answer(snapshot, core != null, isWanted);
    }

    /** A snapshot is here, whole. */
    void received(IncomingSnapshot snapshot) {
        RaftCore core = replica.core();
        BulkMessage.Outcome objection = BulkMessage.Outcome.GIVEN_UP;
        if (core != null) {
            replica.touch();
            try {
                if (core.install(snapshot.base())) {
                    toInstall = snapshot;
                    return;
                }
                objection = BulkMessage.Outcome.NOT_NEEDED;
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        snapshots().over(snapshot, objection, "");
    }

    boolean isToInstall() {
        return toInstall != null;
    }

    /**
     * What the core owed is on its way, up to a batch. Once the log keeps durably what it keeps about a snapshot, the machine may
     * take it over, after what it was given until now.
     */
    void turnEnded(long passedOn, long durable) {
        if (toInstall != null && awaits == 0) {
            awaits = passedOn;
        }
        if (toInstall != null && durable >= awaits) {
            install(toInstall);
            toInstall = null;
            awaits = 0;
        }
    }

    private void install(IncomingSnapshot snapshot) {
        Snapshots snapshots = snapshots();
        replica.machine().submitInstall(snapshot.last(), snapshot.sink, new InstallCallback() {
            @Override
            public void installed() {
                replica.worker().post(new Event.SnapshotInstalled(replica, snapshot.last()));
                snapshots.over(snapshot, BulkMessage.Outcome.HELD, "");
            }

            @Override
            public void failed(String why) {
                snapshots.over(snapshot, BulkMessage.Outcome.GIVEN_UP, why);
            }
        });
    }

    /** The replica does not run any more. */
    void refuseAll() {
        if (toInstall != null) {
            snapshots().over(toInstall, BulkMessage.Outcome.GIVEN_UP, "the replica does not run");
            toInstall = null;
        }
    }
}
