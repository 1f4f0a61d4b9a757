package io.flotilla.raft.host;

import io.flotilla.raft.runtime.NodeRuntime;

/**
 * Whether the host's lanes let work gather. Each turn of a worker and each write of the log has a price of its own, in
 * frames, wake-ups and syncs, whatever it carries. While the processors have time to spare that price buys a short
 * answer. When they have none it is paid by everybody who waits: then a lane that carries much begins its turns a fixed
 * time apart, and what comes in between travels together.
 *
 * <p>While the log is among those that carry much, the threads of the network carry the quick lanes, if they can: a write crosses
 * several nodes and lanes, and each crossing wakes somebody. A read crosses few, so reads alone are not worth it.
 *
 * <p>Going by the processors' load alone would swing: gathering lowers it. So it begins at a high load and ends at a low
 * one. Looked at by one lane, read by all.
 */
final class Pace {
    /** Between the beginnings of two turns of a quick lane that carries much. */
    static final long NANOS = 1_000_000L;
    /** Of the log's lane: a sync is the dearest of all that is done in turns. */
    static final long LOG_NANOS = 2 * NANOS;

    private static final double BEGIN = 0.85;
    private static final double END = 0.4;
    private static final long NANOS_BETWEEN_LOOKS = 250_000_000L;

    private final NodeRuntime runtime;
    private final long muchBytes;
    private long lookedAt = Long.MIN_VALUE;
    private volatile boolean gathers;
    /** Quick lanes' turns are some time apart by themselves. */
    private volatile boolean isCarried;
    /** The log has carried much since the last look. */
    private volatile boolean hasWritten;
    /** Some lane has carried much since the last look: else nobody cares how busy the processors are. */
    private volatile boolean wanted;

    /** @param muchBytes with so many bytes lately a lane carries much */
    Pace(NodeRuntime runtime, long muchBytes) {
        this.runtime = runtime;
        this.muchBytes = muchBytes;
    }

    /** Looks at the load now and then, if it matters. One lane. */
    void look(long now) {
        boolean isTime = lookedAt == Long.MIN_VALUE || now - lookedAt >= NANOS_BETWEEN_LOOKS;
        if (isTime && (wanted || gathers)) {
            lookedAt = now;
            wanted = false;
            double load = runtime.processorLoad();
            gathers = load >= BEGIN || gathers && load > END;
            runtime.setLending(!gathers);
            isCarried = runtime.carry(gathers && hasWritten ? NANOS : 0);
            hasWritten = false;
        }
    }

    /** How far apart turns begin on a quick lane that carried so much lately; 0 if there is no need. Any lane. */
    long nanosOfQuick(long carriedBytes) {
        return isToGather(carriedBytes) && !isCarried ? NANOS : 0;
    }

    /** How far apart turns begin on the log's lane, after so much; 0 if there is no need. That lane. */
    long nanosOfLog(long carriedBytes) {
        if (carriedBytes >= muchBytes && !hasWritten) {
            hasWritten = true;
        }
        return isToGather(carriedBytes) ? LOG_NANOS : 0;
    }

    private boolean isToGather(long carriedBytes) {
        if (carriedBytes < muchBytes) {
            return false;
        }
        if (!wanted) {
            wanted = true;
        }
        return gathers;
    }
}
