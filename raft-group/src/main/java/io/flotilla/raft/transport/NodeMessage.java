package io.flotilla.raft.transport;

import java.util.Arrays;

/**
 * What a node tells another one for itself rather than for one of its groups. It travels in the same frames, before what
 * waits there of groups. May be lost or come twice or late; a kind that the receiver does not know is skipped.
 */
public sealed interface NodeMessage {
    /**
     * How far the sender's log is durable: what it tells here it never loses, unless its directory is damaged, replaced or
     * put back.
     *
     * @param number of the last batch, from 0
     */
    record DurableBatch(long number) implements NodeMessage {}

    /**
     * How long a write of the sender's log takes now, its sync included.
     *
     * @param nanos from 0
     */
    record SyncTime(long nanos) implements NodeMessage {}

    /**
     * What one embedder tells another; known to them alone. The array belongs to the message from the moment it is handed over.
     *
     * @param bytes at most {@link #MAX_BYTES}
     */
    record Application(byte[] bytes) implements NodeMessage {
        public static final int MAX_BYTES = 64 << 10;

        /** @throws IllegalArgumentException if there are too many bytes */
        public Application {
            if (bytes.length > MAX_BYTES) {
                throw new IllegalArgumentException("a message of " + bytes.length
                        + " bytes between nodes is larger than the allowed " + MAX_BYTES + ": split it");
            }
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof Application other && Arrays.equals(bytes, other.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "Application[" + bytes.length + "B]";
        }
    }
}
