package io.flotilla.client;

import java.util.Objects;

/** The operation was certainly not done, and never will be. {@link #reason()} says whether to try again makes sense. */
public final class RefusedException extends FlotillaException {
    private static final long serialVersionUID = 1;

    /** Why nothing was done. */
    public enum Reason {
        /**
         * The request is wrong, or does not fit the value that is there (an increment of something that is no number).
         * The same request will be refused again.
         */
        INVALID,
        /** Nobody could serve it before the deadline: no leader, no reachable node, or no answer to a read. */
        UNAVAILABLE,
        /**
         * A bound was reached, at the client or at the node, or what was given before left no time for this one. Try again
         * later, or with fewer operations at once.
         */
        BUSY,
        /** The deadline passed before the request could be sent to any node. */
        TIMEOUT_BEFORE_SEND,
        /** The client was closed before the request was sent. */
        CLOSED
    }

    private final Reason reason;

    public RefusedException(Reason reason, String message) {
        super(message);
        this.reason = Objects.requireNonNull(reason);
    }

    public Reason reason() {
        return reason;
    }
}
