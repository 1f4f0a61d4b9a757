package io.flotilla.ops.load;

/** A line of the input that is no row; the message says what is wrong with it, without the line's number. */
public final class MalformedLineException extends Exception {
    private static final long serialVersionUID = 1L;

    public MalformedLineException(String message) {
        super(message);
    }
}
