package io.flotilla.client;

/**
 * A write may or may not have been done: the deadline passed, or the client was closed, before the truth was known. It
 * is done at most once, and if it was not done by now it can still be done until shortly after its deadline. Reads
 * never end this way.
 */
public final class IndeterminateException extends FlotillaException {
    private static final long serialVersionUID = 1;

    public IndeterminateException(String message) {
        super(message);
    }
}
