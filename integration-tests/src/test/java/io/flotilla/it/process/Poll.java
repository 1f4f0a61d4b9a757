package io.flotilla.it.process;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for what other processes do in their own time. */
final class Poll {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private Poll() {}

    static void until(String what, Duration limit, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("within " + limit + " it did not come to this: " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
