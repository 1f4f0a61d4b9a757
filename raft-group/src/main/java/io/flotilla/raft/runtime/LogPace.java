package io.flotilla.raft.runtime;

import java.util.function.LongSupplier;

/**
 * Keeps a log readable when strangers make lines: some at once, then one every few seconds, with how many were left out. Thread-safe.
 */
public final class LogPace {
    private static final int AT_ONCE = 20;
    private static final long NANOS_A_LINE = 5_000_000_000L;
    private static final int MOST_CHARACTERS = 500;

    private final LongSupplier nanos;
    // guarded by this
    private long refilledAt;
    private int left = AT_ONCE;
    private long leftOut;

    /** @param nanos a monotonic clock */
    public LogPace(LongSupplier nanos) {
        this.nanos = nanos;
        this.refilledAt = nanos.getAsLong();
    }

    /** The line as it may be logged; null if it is left out. */
    public synchronized String pace(String line) {
        long now = nanos.getAsLong();
        long more = (now - refilledAt) / NANOS_A_LINE;
        if (more > 0) {
            left = (int) Math.min(AT_ONCE, left + more);
            refilledAt += more * NANOS_A_LINE;
        }
        if (left == 0) {
            leftOut++;
            return null;
        }
        left--;
        String shown = oneLine(line);
        if (leftOut > 0) {
            shown += " (before it " + leftOut + " such lines were left out)";
            leftOut = 0;
        }
        return shown;
    }

    /** What came from outside, as text that is no longer than a line may be and has no line ends in it. */
    public static String oneLine(String text) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), MOST_CHARACTERS); i++) {
            char c = text.charAt(i);
            line.append(Character.isISOControl(c) || c == '\u2028' || c == '\u2029' ? '?' : c);
        }
        return text.length() > MOST_CHARACTERS ? line.append('…').toString() : line.toString();
    }
}
