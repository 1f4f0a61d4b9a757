package io.flotilla.raft.runtime;

/**
 * What a node gets from the world in place of threads, clocks and randomness. One instance per running node; the
 * number of lanes is fixed at wiring and never grows with the number of groups. Thread-safe.
 */
public interface NodeRuntime extends AutoCloseable {
    /** Creates a lane. Names are unique within a runtime, e.g. {@code group-worker-0}. */
    Lane lane(String name);

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
