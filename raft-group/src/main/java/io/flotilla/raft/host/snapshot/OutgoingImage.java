package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage.Part;
import java.util.ArrayDeque;

/** One image that a follower of a group led here was found to need. Belongs to the snapshot lane. */
final class OutgoingImage {
    enum Stage {
        /** Too many others are on their way. */
        WAITING,
        /** The machine is asked for the image. */
        TAKING,
        /** The follower is asked whether it wants it. */
        OFFERED,
        /** Parts go out. */
        SENDING,
        /** It failed; the core hears of it in a moment. */
        FAILED
    }

    final GroupReplica replica;
    final NodeId to;

    Stage stage = Stage.WAITING;
    long number;
    long term;
    EntryId last;
    Membership membership;
    SnapshotSource source;

    /** Parts sent and not acknowledged. The last one stays until the result is known: asking again means sending it. */
    final ArrayDeque<Part> window = new ArrayDeque<>();

    long nextPart;
    boolean isAllRead;
    long heardAt;
    long sentAt;
    int silentResends;
    int acksBelowWindow;

    OutgoingImage(GroupReplica replica, NodeId to) {
        this.replica = replica;
        this.to = to;
    }

    /**
     * How often the wait for an answer has doubled. Never where asking again costs next to nothing: an offer, or the end of
     * an image whose result was lost; without the result the follower gets no entries.
     */
    int backoff(int most) {
        boolean isBare =
                stage == Stage.OFFERED || (window.size() == 1 && window.peek().isLast());
        return isBare ? 0 : Math.min(most, silentResends);
    }
}
