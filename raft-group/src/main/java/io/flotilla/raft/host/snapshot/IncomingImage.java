package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.transport.BulkMessage;

/**
 * One image on its way to a replica here. Belongs to the snapshot lane; what is final may be read anywhere, and from the
 * hand-over to the machine until its end the sink is the applier's.
 */
public final class IncomingImage {
    enum Stage {
        /** The core is asked whether the image is wanted. */
        OFFERED,
        /** Parts come. */
        RECEIVING,
        /** It is whole, and on its way into the machine. */
        INSTALLING
    }

    final NodeId from;
    final long groupId;
    final long number;
    final long term;
    public final EntryId last;
    final ImageBase base;
    final GroupReplica replica;

    Stage stage = Stage.OFFERED;
    public SnapshotSink sink;
    long next;
    long heardAt;

    IncomingImage(NodeId from, BulkMessage.Offer offer, GroupReplica replica) {
        this.from = from;
        this.groupId = offer.groupId();
        this.number = offer.image();
        this.term = offer.term();
        this.last = offer.last();
        this.base = new ImageBase(offer.last(), offer.membership());
        this.replica = replica;
    }

    boolean is(NodeId sender, BulkMessage message) {
        return from.equals(sender) && number == message.image();
    }
}
