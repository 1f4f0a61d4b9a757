package io.flotilla.raft.node;

/**
 * What is known of another node for good. Immutable.
 *
 * @param incarnation the highest that it greeted with, 0 if it never did
 * @param durableBatch the highest batch of its log that it said to be durable: a log of that node that ends before it has
 *     lost what was acknowledged
 */
public record PeerRecord(long incarnation, long durableBatch) {
    /** Nothing. */
    public static final PeerRecord NONE = new PeerRecord(0, 0);

    public PeerRecord {
        if (incarnation < 0 || durableBatch < 0) {
            throw new IllegalArgumentException("a peer's incarnation and batch are not negative");
        }
    }

    PeerRecord and(PeerRecord other) {
        return new PeerRecord(Math.max(incarnation, other.incarnation), Math.max(durableBatch, other.durableBatch));
    }
}
