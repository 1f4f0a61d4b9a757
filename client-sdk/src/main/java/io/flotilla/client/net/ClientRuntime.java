package io.flotilla.client.net;

/**
 * What a client gets from the world in place of threads, clocks and randomness: the client's loop, whose tasks run one at a
 * time and own all its state, whichever thread runs them. Thread-safe.
 */
public interface ClientRuntime extends AutoCloseable {
    /**
     * Runs the task on the client's loop, in order. Never blocks, never runs it inside the call.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the runtime is closed and the task will not run; a
     *     runtime may also drop it silently
     */
    void execute(Runnable task);

    /**
     * As {@link #execute}, but if the loop sleeps, the calling thread may run it inside the call, this task and what else
     * comes up meanwhile. For threads that bring something from the network; the caller holds no lock.
     */
    default void executeHere(Runnable task) {
        execute(task);
    }

    /**
     * Runs what belongs to the program that uses the client: callbacks of its futures, its listeners. As a rule in the order given.
     * What blocks there should hold up neither the loop nor, for long, what is given later; a runtime whose program never
     * blocks may run it inside the call.
     */
    default void callBack(Runnable callback) {
        callback.run();
    }

    /**
     * The calling thread is about to wait for an operation, maybe of another client. A runtime that runs callbacks on threads of its
     * own has others go on, if this is one of them.
     *
     * @throws IllegalStateException if too many callbacks wait already: it would wait for ever
     */
    default void aboutToWait() {}

    /** Runs the task on the client's loop after the delay; the handle cancels it. */
    Runnable after(long delayNanos, Runnable task);

    /** Monotonic nanoseconds; only differences have a meaning. */
    long nanos();

    /** Random bits for session ids, jitter and the choice of endpoints. */
    long randomLong();

    @Override
    void close();
}
