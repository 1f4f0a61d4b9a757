package io.flotilla.raft.runtime;

/** Time as a port. Production reads the operating system; the simulator hands out virtual time. Thread-safe. */
public interface Clock {
    /** Monotonic nanoseconds from an arbitrary origin. Never falls. Only differences have a meaning. */
    long nanos();

    /** Milliseconds since 1970-01-01T00:00:00Z by this machine's clock; may jump in both directions. */
    long wallMillis();
}
