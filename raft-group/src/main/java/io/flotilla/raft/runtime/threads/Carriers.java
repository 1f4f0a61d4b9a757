package io.flotilla.raft.runtime.threads;

import java.util.concurrent.Executor;

/** Threads that wake often for reasons of their own, and may run non-blocking lanes while they are awake. Thread-safe. */
public interface Carriers {
    /**
     * One thread, the same for the same number. It runs what it is given in order, and throws {@link
     * java.util.concurrent.RejectedExecutionException} once it has ended.
     *
     * @param number from 0; there may be more numbers than threads
     */
    Executor carrier(int number);

    /** From now on the rounds of each thread begin so many nanoseconds apart; 0: whenever there is something to do. */
    void setRoundNanos(long nanosApart);
}
