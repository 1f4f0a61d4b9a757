package io.flotilla.client;

/**
 * Why an operation has no result. There are two kinds, and the difference matters to whoever has to decide what to do
 * next: {@link RefusedException} says that the operation was certainly not done, {@link IndeterminateException} that
 * it may have been.
 */
public abstract sealed class FlotillaException extends RuntimeException
        permits RefusedException, IndeterminateException {
    private static final long serialVersionUID = 1;

    FlotillaException(String message) {
        super(message);
    }
}
