package io.flotilla.raft.sim;

/**
 * Virtual time as a blocking disk call sees it. While a task runs, its local time moves on with every call that blocks;
 * what the task gives to lanes and network afterwards happens at that later time. One thread.
 */
public interface DiskTimer {
    /** The running task's local time, in nanoseconds. */
    long now();

    /** Moves the running task's local time forward: its lane is busy until then. */
    void spend(long nanos);

    /** When the running task began. No crash can come at an earlier time any more. */
    long taskStart();

    /** A timer without a scheduler: time moves by {@link #spend} alone, and every call is a task of its own. */
    static DiskTimer standalone() {
        return new DiskTimer() {
            private long now;

            @Override
            public long now() {
                return now;
            }

            @Override
            public void spend(long nanos) {
                now += nanos;
            }

            @Override
            public long taskStart() {
                return now;
            }
        };
    }
}
