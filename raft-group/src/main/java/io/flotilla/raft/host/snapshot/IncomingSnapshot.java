package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.transfer.TransferStore;
import io.flotilla.raft.transport.TransferId;

/**
 * A snapshot on its way to a replica here. Belongs to the snapshot lane; what is final, and the head once the core is asked, may be
 * read anywhere, and from the hand-over to the machine until its end the sink is the applier's.
 */
public final class IncomingSnapshot {
    enum Stage {
        /** Parts come; the core is asked, once the first is here, whether the snapshot is wanted. */
        RECEIVING,
        /** It is wanted, and parts come. */
        WANTED,
        /** All parts are here and are given to the sink. */
        READING,
        /** It is on its way into the machine. */
        INSTALLING
    }

    final NodeId from;
    final TransferId id;
    final SnapshotOwner owner;

    Stage stage = Stage.RECEIVING;
    SnapshotHead head;
    /** Set once all parts are here. */
    TransferStore parts;

    /** For the machine. */
    public SnapshotSink sink;

    /** The last entry in it. Once the head is here. */
    public EntryId last() {
        return head.base().last();
    }

    /** The term of the leader that took it. Once the head is here. */
    public long term() {
        return head.term();
    }

    /** Where the log begins that follows it. Once the head is here. */
    public SnapshotBase base() {
        return head.base();
    }

    IncomingSnapshot(NodeId from, TransferId id, SnapshotOwner owner) {
        this.from = from;
        this.id = id;
        this.owner = owner;
    }
}
