package io.flotilla.raft.transport;

/**
 * What is known of another node for good. Immutable.
 *
 * @param incarnation the highest that it was reached with, 0 if it never was
 * @param nonce of the process with that incarnation
 * @param durableBatch the highest batch of its log that it said to be durable: a log of that node that ends before it has
 *     lost what was acknowledged
 */
public record PeerRecord(long incarnation, long nonce, long durableBatch) {
    /** Nothing. */
    public static final PeerRecord NONE = new PeerRecord(0, 0, 0);

    public PeerRecord {
        if (incarnation < 0 || durableBatch < 0) {
            throw new IllegalArgumentException("a peer's incarnation and batch are not negative");
        }
    }

    /** With a start of it that was seen. One that can't follow changes nothing but how far its log reached. */
    public PeerRecord with(NodeStart start) {
        boolean isNew = start.incarnation() > incarnation;
        return new PeerRecord(
                isNew ? start.incarnation() : incarnation,
                isNew ? start.nonce() : nonce,
                Math.max(durableBatch, start.heldBatch()));
    }

    /** With a batch that it said to be durable. */
    public PeerRecord withDurable(long batch) {
        return new PeerRecord(incarnation, nonce, Math.max(durableBatch, batch));
    }

    /**
     * Why a start can't be one of the directory that the node last ran with: a part of a sentence; null if it can. Each start counts
     * itself up, so an older copy of the directory would soon reach any number: where its log began tells it apart.
     */
    public String objectionTo(NodeStart start) {
        boolean isSame = start.incarnation() == incarnation && start.nonce() == nonce;
        if (isSame) {
            return null;
        }
        if (start.incarnation() < incarnation) {
            return "it is start " + start.incarnation() + " of its data directory, and start " + incarnation
                    + " was there before";
        }
        if (start.incarnation() == incarnation) {
            return "another process was start " + incarnation + " of its data directory";
        }
        if (start.heldBatch() < durableBatch) {
            return "its log began with batch " + start.heldBatch() + ", and reached to batch " + durableBatch
                    + " before";
        }
        return null;
    }
}
