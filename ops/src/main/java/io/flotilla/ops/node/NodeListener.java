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
}
