package io.flotilla.it.history;

/**
 * One operation on one key as its client saw it.
 *
 * @param called when it began, in virtual nanoseconds
 * @param returned when its answer came; {@link #NEVER} if its outcome is unknown: then it may have taken effect at any
 *     time after its call, or never
 * @param answer null if unknown
 */
public record KeyOperation(String client, long called, long returned, KeyCall call, KeyAnswer answer) {
    public static final long NEVER = Long.MAX_VALUE;

    public KeyOperation {
        if ((answer == null) != (returned == NEVER) || returned < called) {
            throw new IllegalArgumentException("called " + called + ", returned " + returned + ", answer " + answer);
        }
    }

    public static KeyOperation unknown(String client, long called, KeyCall call) {
        return new KeyOperation(client, called, NEVER, call, null);
    }

    public boolean isKnown() {
        return answer != null;
    }

    @Override
    public String toString() {
        return String.format(
                "%-4s [%12.6f s, %s] %s -> %s",
                client,
                called / 1e9,
                isKnown() ? String.format("%12.6f s", returned / 1e9) : "       never  ",
                call,
                isKnown() ? answer : "unknown");
    }
}
