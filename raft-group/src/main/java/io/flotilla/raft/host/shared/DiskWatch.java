package io.flotilla.raft.host.shared;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Notices a call to the disk that does not come back. The watched lane says when a call begins and ends; other lanes
 * look now and then, each with a {@link Look} of its own.
 */
public final class DiskWatch {
    private final String what;
    private final LongSupplier steps;
    /** Odd while a call is under way. */
    private final AtomicLong calls = new AtomicLong();

    /** @param what is watched, for people */
    public DiskWatch(String what) {
        this(what, () -> 0);
    }

    /** @param steps grows while a call goes on: one that takes long then is slow, and does not hang; any lane */
    public DiskWatch(String what, LongSupplier steps) {
        this.what = what;
        this.steps = steps;
    }

    /** By the watched lane. */
    public void begun() {
        calls.setRelease(calls.getPlain() | 1);
    }

    /** By the watched lane. */
    public void ended() {
        calls.setRelease((calls.getPlain() | 1) + 1);
    }

    String what() {
        return what;
    }

    /** How long the call under way has been seen by one looker; that one's own. */
    public static final class Look {
        private final DiskWatch watch;
        private long seen;
        private long steps;
        private long nanos;

        public Look(DiskWatch watch) {
            this.watch = watch;
        }

        public String what() {
            return watch.what;
        }

        /**
         * @param passed nanoseconds since the last look, without those in which this process did not run
         * @return how long the call under way, or its present step, has lasted at least; 0 if there is none
         */
        public long look(long passed) {
            long now = watch.calls.getAcquire();
            long step = watch.steps.getAsLong();
            if ((now & 1) == 0 || now != seen || step != steps) {
                seen = now;
                steps = step;
                nanos = 0;
            } else {
                nanos += passed;
            }
            return nanos;
        }
    }
}
