package io.flotilla.raft.host.shared;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Notices a call to the disk that does not come back. The watched lane says when a call begins and ends; other lanes
 * look now and then, each with a {@link Look} of its own.
 */
public final class DiskWatch {
    private final String what;
    /** Odd while a call is under way. */
    private final AtomicLong calls = new AtomicLong();

    /** @param what is watched, for people */
    public DiskWatch(String what) {
        this.what = what;
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
        private long nanos;

        public Look(DiskWatch watch) {
            this.watch = watch;
        }

        public String what() {
            return watch.what;
        }

        /**
         * @param passed nanoseconds since the last look, without those in which this process did not run
         * @return how long the call under way has lasted at least; 0 if there is none
         */
        public long look(long passed) {
            long now = watch.calls.getAcquire();
            if ((now & 1) == 0 || now != seen) {
                seen = now;
                nanos = 0;
            } else {
                nanos += passed;
            }
            return nanos;
        }
    }
}
