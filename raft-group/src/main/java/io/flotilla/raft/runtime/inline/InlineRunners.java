package io.flotilla.raft.runtime.inline;

import java.util.function.LongConsumer;

/** Which {@link InlineRunner} the non-blocking lanes of one runtime have now. Thread-safe. */
public final class InlineRunners {
    /** Null if there are no carriers. */
    private final LongConsumer pace;

    private volatile InlineRunner now = InlineRunner.GIVER;

    // guarded by this
    private boolean allowsGivers = true;
    private boolean isCarrying;

    /** @param pace told how many nanoseconds apart the carriers are to begin their rounds, 0 for at once; null if there are none */
    public InlineRunners(LongConsumer pace) {
        this.pace = pace;
    }

    /** For lanes that only their own thread runs. */
    public static InlineRunners none() {
        InlineRunners none = new InlineRunners(null);
        none.allowGivers(false);
        return none;
    }

    InlineRunner now() {
        return now;
    }

    /** Whether those who give a lane a task may run it, while carriers don't. */
    public synchronized void allowGivers(boolean allowed) {
        allowsGivers = allowed;
        choose();
    }

    /** @return whether carriers run the lanes from now on */
    public synchronized boolean carry(long nanosApart) {
        if (pace == null) {
            return false;
        }
        pace.accept(nanosApart);
        isCarrying = nanosApart > 0;
        choose();
        return isCarrying;
    }

    private void choose() {
        InlineRunner otherwise = allowsGivers ? InlineRunner.GIVER : InlineRunner.NOBODY;
        now = isCarrying ? InlineRunner.CARRIER : otherwise;
    }
}
