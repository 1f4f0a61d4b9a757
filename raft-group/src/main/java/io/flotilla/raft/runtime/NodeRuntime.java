package io.flotilla.raft.runtime;

/**
 * What a node gets from the world in place of threads, clocks and randomness. One instance per running node; the
 * number of lanes is fixed at wiring and never grows with the number of groups. Thread-safe.
 */
public interface NodeRuntime extends AutoCloseable {
    /** Creates a lane. Names are unique within a runtime, e.g. {@code group-worker-0}. */
    Lane lane(String name);

    /**
     * Creates a lane none of whose tasks ever waits for a sync, a lock or an answer, at most now and then for a file to be read,
     * but for those that are given as blocking or delayed. A thread that is awake already may then run it in place of its own, one at a time as ever.
     */
    default Lane nonBlockingLane(String name) {
        return lane(name);
    }

    /**
     * Runs the work on the calling thread. Non-blocking lanes that slept and were given tasks by it may run on this thread before the
     * call returns, so that no other need be woken for them; until the work is done they wait for it. So the work waits for
     * nothing after it gave a task. The caller holds no lock that a lane's task could want; on a lane this is the last thing
     * that a task does.
     */
    default void runInline(Runnable work) {
        work.run();
    }

    /**
     * Whether non-blocking lanes may be run by the threads that give them tasks; they may at first. Not worth it while there is more to
     * do than the processors get done: what waits for a lane's own thread to wake comes together meanwhile.
     */
    default void setInlineRuns(boolean allowed) {}

    /**
     * Has non-blocking lanes carried: run, with all that came to them, by threads that wake for the network's sake and from now on do so
     * once in the given time. Whether lanes may be run inline does not matter meanwhile. By one lane.
     *
     * @param nanosApart nanoseconds between two rounds of such a thread; 0, as at first: lanes are not carried
     * @return whether they are from now on; never if the runtime has no such threads
     */
    default boolean carry(long nanosApart) {
        return false;
    }

    /** The node's clock. */
    Clock clock();

    /** Eight random bytes: seeds for the node's own generators. Under the simulator they come from the run's seed. */
    long randomSeed();

    /**
     * The share of the machine's processors that was busy since the last call, by whomever, from 0 to 1; 0 if nobody
     * knows. Cheap enough for some calls a second; by one lane.
     */
    default double processorLoad() {
        return 0;
    }

    /** Ends all lanes: running tasks finish, queued ones are dropped. */
    @Override
    void close();
}
