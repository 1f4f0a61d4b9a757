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
 * The images of one replica's state machine: those that its followers need, and the one that it takes over itself. Belongs to
 * the replica's worker.
 */
public final class ReplicaImages {
    private final GroupReplica replica;
    private final HostState state;
    private final ImagesOut out = new ImagesOut();

    /** To be installed after the entries that are handed to the machine at the end of the turn it came in. */
    private IncomingImage toInstall;

    /** The number of the batch that must be durable before; 0 before the end of that turn. */
    private long awaits;

    public ReplicaImages(GroupReplica replica, HostState state) {
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

    /** The machine gave an image for a follower. @param core null if the replica does not run any more */
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
            out.begun(to, last.index(), state.clock.nanos());
            ImageBase image = new ImageBase(last, core.membershipAt(last.index()));
            snapshots().taken(replica, to, core.softState().term(), image, source);
        }
    }

    /** @param last what the follower holds, or null if it got no image */
    public void sent(NodeId to, EntryId last) {
        if (last == null) {
            out.failed(to);
        } else {
            out.installed(to);
        }
    }

    /** Another node offers an image. @param core null if the replica does not run any more */
    public void offered(IncomingImage image, RaftCore core) {
        BulkMessage.Outcome objection = BulkMessage.Outcome.REFUSED;
        if (core != null) {
            try {
                boolean isWanted = core.wantsSnapshot(image.term, image.last);
                objection = isWanted ? null : BulkMessage.Outcome.NOT_NEEDED;
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        snapshots().answerOffer(image, objection);
    }

    /** An image is here, whole. @param core null if the replica does not run any more */
    public void received(IncomingImage image, RaftCore core) {
        BulkMessage.Outcome objection = BulkMessage.Outcome.REFUSED;
        if (core != null) {
            try {
                if (core.install(image.base)) {
                    toInstall = image;
                    return;
                }
                objection = BulkMessage.Outcome.NOT_NEEDED;
            } catch (RuntimeException | Error e) {
                replica.halt(e);
            }
        }
        snapshots().over(image, objection, "");
    }

    public boolean isToInstall() {
        return toInstall != null;
    }

    /**
     * What the core owed is on its way, up to a batch. Once the log keeps durably what it keeps about an image, the machine may
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
            snapshots().over(toInstall, BulkMessage.Outcome.REFUSED, "the replica does not run");
            toInstall = null;
        }
    }
}
