package io.flotilla.raft.runtime;

/**
 * One thread of execution: tasks given to one lane run one after the other, in the order in which they were given.
 * In production a lane has a thread, and one that others may run ({@link NodeRuntime#nonBlockingLane}) is run by them at times, one
 * at a time; under the simulator all lanes of all nodes share one thread, and virtual time decides whose task runs next. State
 * that "belongs to a lane" is touched by its tasks alone and needs no lock.
 *
 * <p>Thread-safe: any thread may offer tasks.
 */
public interface Lane {
    /**
     * Runs the task on this lane, after those given before it. Never blocks and never runs the task inside the call.
     * After the runtime closed, the task is silently dropped. A task that throws is a defect: the runtime's failure
     * handler is told, and the lane goes on with the next task.
     */
    void execute(Runnable task);

    /**
     * As {@link #execute}, for a task that may block: on a lane that others may run ({@link NodeRuntime#nonBlockingLane})
     * it is left to the lane's own thread.
     */
    default void executeBlocking(Runnable task) {
        execute(task);
    }

    /** Whether the task that is running may block: on a lane that others may run, only on the lane's own thread. */
    default boolean mayBlock() {
        return true;
    }

    /**
     * Goes on with the running task, which waited for something, and gives others what came of it: by the time the rest runs the wait
     * is over for all the world. In production that is at once. Under the simulator, where a task that waits does not stop the world, it
     * is when the world has come that far; until then the lane runs nothing else. What the running task does after this call
     * may come before the rest or after it.
     */
    default void goOn(Runnable rest) {
        rest.run();
    }

    /** Runs the task on this lane once at least {@code delayNanos} nanoseconds have passed. */
    Cancellable after(long delayNanos, Runnable task);

    /** Whether the caller is running as a task of this lane. */
    boolean isCurrent();

    /** The lane's name, for threads, logs and errors. */
    String name();
}
