package io.flotilla.ops.node;

/** Hears what becomes of a node. Called on the node's own lane; must not block. */
public interface NodeListener {
    /**
     * Once: the log is replayed, and every group placed on this node has a known leader and is applied here up to what
     * its log held when that leader was met.
     */
    void ready();

    /** Once: the node can't go on, and serves nothing any more. Whoever started it closes it. */
    void failed(NodeFailure failure);

    /**
     * A thread of the node has ended before its time, so that it can't even stop in order. On any thread; perhaps again and again.
     *
     * @param what one line: what happened, and what to do
     * @param cause null if that is unknown
     */
    default void died(String what, Throwable cause) {}
}
