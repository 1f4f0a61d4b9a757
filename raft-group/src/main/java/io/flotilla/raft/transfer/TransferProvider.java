package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.TransferId;

/** Opens contents by their ids, for the receivers that ask. All calls come on the transfer lane. */
public interface TransferProvider {
    /** Takes the answer to {@link #open}, once; any lane. */
    interface Opening {
        /** The source is the transfer's from here on. */
        void opened(TransferSource source);

        /** @param retryNanos when to ask again, if busy */
        void refused(BulkMessage.Reason reason, long retryNanos, String text);
    }

    /**
     * Opens the content of an id, for a node that holds it up to a position. A provider that can't open the same content any more
     * answers {@link BulkMessage.Reason#GONE}. May answer later.
     *
     * @param position empty if the node holds nothing of it
     */
    void open(NodeId peer, TransferId id, byte[] position, Opening opening);

    /** The node asks on. */
    default void asked(NodeId peer, TransferId id) {}

    /**
     * The source was closed, or is not waited for any more, for nobody asked for a while, or because it failed. The content may be
     * opened again.
     *
     * @param cause null if nobody asked
     */
    void closed(NodeId peer, TransferId id, Throwable cause);

    /**
     * The node asked for a position that {@link TransferSource#seek} does not know: it lost what it held and begins again, and the source
     * can't. The source was closed, and the node hears {@link BulkMessage.Reason#GONE}.
     */
    void misplaced(NodeId peer, TransferId id);

    /** The receiver says that the transfer is over; also of ids of which nothing is known here. */
    void over(NodeId peer, TransferId id, BulkMessage.Outcome outcome, String text);
}
