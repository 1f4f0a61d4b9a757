package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.TransferId;

/** Takes contents that were fetched. All calls come on the transfer lane. */
public interface TransferTarget {
    /** Why nothing more comes of a transfer. Its parts are deleted by then. */
    enum Failure {
        /** The sender can't open the same content any more: fetch it again, under another id. */
        GONE,
        /** The sender will not give it. */
        REFUSED,
        /** The sender was not heard of for too long. */
        SILENT,
        /** The parts can't be kept here: the disk is full or failed. */
        DISK
    }

    /** A node has something under this id; {@link TransferReceiver#fetch} takes it, {@link TransferReceiver#decline} doesn't. */
    void offered(NodeId from, TransferId id);

    /**
     * Parts of a transfer that an earlier run of this node began are here; it goes on unless {@link TransferReceiver#end} is
     * called.
     *
     * @return false if it is of no use: the parts are deleted
     */
    boolean recovered(NodeId from, TransferId id);

    /** The first part is here. Told again after a restart. */
    void begun(TransferId id, byte[] first);

    /** Everything is here, durably; {@link TransferReceiver#end} lets go of it. Told again after a restart. */
    void whole(TransferId id, TransferStore parts);

    /** The transfer failed. */
    void failed(TransferId id, Failure failure, String text);
}
