package io.flotilla.raft.transport;

/**
 * One start of a node, as it tells other nodes. Immutable.
 *
 * @param incarnation counted up in the data directory at each start, from 1: no two starts on one directory have the same
 * @param nonce random: tells processes apart that begin from copies of one directory
 * @param heldBatch the number of the last batch that the node's log held at this start, 0 for an empty log
 */
public record NodeStart(long incarnation, long nonce, long heldBatch) implements Comparable<NodeStart> {
    /** No number of a start or a batch is larger. */
    public static final long MOST = 1L << 56;

    public NodeStart {
        if (incarnation < 1 || incarnation > MOST || heldBatch < 0 || heldBatch > MOST) {
            throw new IllegalArgumentException("no start: incarnation " + incarnation + ", batch " + heldBatch);
        }
    }

    /** The later incarnation is greater. */
    @Override
    public int compareTo(NodeStart other) {
        int order = Long.compare(incarnation, other.incarnation);
        order = order == 0 ? Long.compare(nonce, other.nonce) : order;
        return order == 0 ? Long.compare(heldBatch, other.heldBatch) : order;
    }
}
