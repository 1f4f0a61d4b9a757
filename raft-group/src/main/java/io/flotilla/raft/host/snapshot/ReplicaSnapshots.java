package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;

/**
 * The snapshots of one replica's state machine: those that its followers need, and the one that it takes over itself. Belongs to
 * the replica's worker.
 */
public final class ReplicaSnapshots {
    private final GroupReplica replica;
    private final HostState state;
    private final SnapshotsOut out = new SnapshotsOut();

    /** To be installed after the entries that are handed to the machine at the end of the turn it came in. */
    private IncomingSnapshot toInstall;

    /** The number of the batch that must be durable before; 0 before the end of that turn. */
    private long awaits;

    public ReplicaSnapshots(GroupReplica replica, HostState state) {
        this.replica = replica;
        this.state = state;
    }

    private Snapshots snapshots() {
        return replica.worker().snapshots();
    }

    /** How far the log may be cut, if {@code upTo} is wished for. */
    public long cutAt(long upTo, RaftCore core) {
        return out.cutAt(upTo, core, state.clock.nanos());
    }

    /** A follower asks for a snapshot: what follows it is kept before it is taken. @param core null if the replica does not run any more */
    public void asked(NodeId to, RaftCore core) {
        if (core == null || core.softState().role() != RoleName.LEADER) {
            snapshots().notTaken(replica, to, null);
        } else {
            out.progress(to, replica.status().firstIndex() - 1, state.clock.nanos());
            replica.machine().submitTakeSnapshot(to);
        }
    }

    /** A follower goes on fetching a snapshot. @param core null if the replica does not run any more */
    public void progress(NodeId to, long lastIndex, RaftCore core) {
        if (core != null && core.softState().role() == RoleName.LEADER) {
            out.progress(to, lastIndex, state.clock.nanos());
        }
    }

    /** The machine gave a snapshot for a follower. @param core null if the replica does not run any more */
    public void taken(NodeId to, SnapshotSource source, RaftCore core) {
        EntryId last = null;
        if (core != null && core.softState().role() == RoleName.LEADER) {
            try {
                last = core.appliedEntry(source.index());
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        if (last == null) {
            snapshots().notTaken(replica, to, source);
        } else {
            out.progress(to, last.index(), state.clock.nanos());
            ImageBase base = new ImageBase(last, core.membershipAt(last.index()));
            snapshots().taken(replica, to, core.softState().term(), base, source);
        }
    }

    /** @param last what the follower holds, or null if it got no snapshot yet */
    public void sent(NodeId to, EntryId last) {
        if (last != null) {
            out.installed(to, state.clock.nanos());
        }
    }

    /** The first part of a snapshot is here. @param core null if the replica does not run, or not yet */
    public void offered(IncomingSnapshot snapshot, RaftCore core) {
        boolean isWanted = false;
        if (core != null) {
            try {
                isWanted = core.wantsSnapshot(
                        snapshot.head.term(), snapshot.head.base().last());
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        snapshots().answer(snapshot, core != null, isWanted);
    }

    /** A snapshot is here, whole. @param core null if the replica does not run any more */
    public void received(IncomingSnapshot snapshot, RaftCore core) {
        BulkMessage.Outcome objection = BulkMessage.Outcome.GIVEN_UP;
        if (core != null) {
            try {
                if (core.install(snapshot.head.base())) {
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

    public boolean isToInstall() {
        return toInstall != null;
    }

    /**
     * What the core owed is on its way, up to a batch. Once the log keeps durably what it keeps about a snapshot, the machine may
     * take it over, after what it was given until now.
     */
    public void turnEnded(long handedOver, long durable) {
        if (toInstall != null && awaits == 0) {
            awaits = handedOver;
        }
        if (toInstall != null && durable >= awaits) {
            replica.machine().submitInstall(toInstall);
            toInstall = null;
            awaits = 0;
        }
    }

    /** The replica does not run any more. */
    public void refuseAll() {
        if (toInstall != null) {
            snapshots().over(toInstall, BulkMessage.Outcome.GIVEN_UP, "the replica does not run");
            toInstall = null;
        }
    }
}
