package io.flotilla.raft.transport;

/**
 * What two nodes say to each other to carry a transfer: the receiver asks, the sender answers with parts or a refusal, the
 * receiver says that it is over. Any of them may be lost, doubled, delayed or overtaken; the receiver asks again. Immutable;
 * nobody writes to an array in it.
 */
public sealed interface BulkMessage {
    /** Bytes of a position in a transfer, at most: the longest key and what stands around it. */
    int MAX_POSITION_BYTES = 8 << 10;

    /** The transfer that the message belongs to. */
    TransferId id();

    /** The sender has something for the receiver under this id; the receiver asks for it, or says why not ({@link Over}). */
    record Offer(TransferId id) implements BulkMessage {}

    /**
     * The receiver holds all parts before {@code next} and asks for what follows.
     *
     * @param next the number of a part, from 0
     * @param position where that part begins, as the part before said; empty at the beginning
     * @param window so many parts from {@code next} on may be sent without another word
     * @param again whether parts from {@code next} on that were sent already are to be sent again
     */
    record Ask(TransferId id, long next, byte[] position, int window, boolean again) implements BulkMessage {}

    /**
     * One part.
     *
     * @param number from 0, without gap
     * @param isLast whether the transfer ends with it; such a part is empty
     * @param after where the next part begins, in the words of the source
     */
    record Part(TransferId id, long number, boolean isLast, byte[] after, byte[] bytes) implements BulkMessage {}

    /** The sender gives nothing for an {@link Ask}. @param text for people */
    record Refused(TransferId id, Reason reason, int retryMillis, String text) implements BulkMessage {}

    /** The transfer is over at the receiver: the sender need not keep its content any longer. @param text for people */
    record Over(TransferId id, Outcome outcome, String text) implements BulkMessage {}

    /** Why a sender gives nothing. */
    enum Reason {
        /** Too much else is on its way: ask again after the time given. */
        BUSY(1),
        /** The same content can't be opened at this position any more. The receiver may begin again under another id. */
        GONE(2),
        /** It will not be given; the text says why. */
        REFUSED(3);

        private final int code;

        Reason(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        /** @return null for a code that is none */
        static Reason of(int code) {
            for (Reason reason : values()) {
                if (reason.code == code) {
                    return reason;
                }
            }
            return null;
        }
    }

    /** How a transfer ended. */
    enum Outcome {
        /** The receiver holds and uses the content, durably. */
        HELD(1),
        /** The receiver needs no such content any more. */
        NOT_NEEDED(2),
        /** The receiver takes too many transfers already, or another one for the same purpose. */
        BUSY(3),
        /** The receiver gave it up; the text says why. */
        GIVEN_UP(4);

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
