package io.flotilla.raft.transport;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;

/**
 * What two nodes say to each other to carry an image of a group's state machine: an offer, its answer, parts and
 * acknowledgements, a result. Any of them may be lost, doubled, delayed or overtaken; whoever waits says it again.
 * Immutable; the array of a part is not written to.
 */
public sealed interface BulkMessage {
    /** The group whose image it is about. */
    long groupId();

    /** The sender's number for this transfer, never used again by it, not even after a restart. */
    long image();

    /**
     * The sender has an image for the receiver's replica. Answered by an {@link Ack} of 0 or by a {@link Result}.
     *
     * @param term the sender's when it led and found that the receiver needs the image
     * @param last the last entry in the image
     * @param membership the group's at that entry
     */
    record Offer(long groupId, long image, long term, EntryId last, Membership membership) implements BulkMessage {}

    /**
     * One part of an image.
     *
     * @param number from 0, without gap
     * @param isLast whether the image ends with it; such a part is empty
     */
    record Part(long groupId, long image, long number, boolean isLast, byte[] bytes) implements BulkMessage {}

    /** All parts before {@code next} have been taken; that one is wanted. */
    record Ack(long groupId, long image, long next) implements BulkMessage {}

    /** The transfer is over at the receiver. @param reason for people, where it went wrong; else empty */
    record Result(long groupId, long image, Outcome outcome, String reason) implements BulkMessage {}

    /** How a transfer ended. */
    enum Outcome {
        /** The receiver's state machine holds the image, durably. */
        INSTALLED(1),
        /** The receiver has committed as much already. */
        NOT_NEEDED(2),
        /** The receiver takes too many images already, or another one of this group. */
        BUSY(3),
        /** The receiver knows nothing of the transfer, perhaps because it was restarted. */
        UNKNOWN(4),
        /** The receiver can't take it; the reason says why. */
        REFUSED(5);

        private final int code;

        Outcome(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        /** @return null for a code that is none */
        static Outcome of(int code) {
            for (Outcome outcome : values()) {
                if (outcome.code == code) {
                    return outcome;
                }
            }
            return null;
        }
    }
}
