package io.flotilla.raft.host.shared;

import io.flotilla.raft.runtime.NodeRuntime;

/**
 * Whether the host's lanes let work gather. Each turn of a worker and each write of the log has a price of its own, in
 * frames, wake-ups and syncs, whatever it carries. While the processors have time to spare that price buys a short
 * answer. When they have none it is paid by everybody who waits: then a lane that carries much begins its turns some
 * time apart, and what comes in between travels together.
 *
 * <p>While the log is among those that carry much, the threads of the network carry the non-blocking lanes, if they can: a write crosses
 * several nodes and lanes, and each crossing wakes somebody. A read crosses few, so reads alone are not worth it.
 *
 * <p>Turns lie further apart step by step while the load is high, for gathering lowers it, and come closer again, until nothing
 * gathers, while it is lower: so no more of an answer's time is spent on waiting than it takes to have some processor left. Looked
 * at by one lane, read by all.
 */
public final class Pace {
    /** Between the beginnings of two turns of a non-blocking lane that carries much, when gathering begins. */
    public static final long LEAST_NANOS = 250_000L;
    /** The same when the load stays high. */
    private static final long MOST_NANOS = 4 * LEAST_NANOS;
    /** So many times as long between writes of the log: a sync is the dearest of all that is done in turns. */
    private static final int LOG_TIMES = 2;

    private static final double HIGH_LOAD = 0.85;
    private static final double LOW_LOAD = 0.7;
    private static final long NANOS_BETWEEN_LOOKS = 250_000_000L;

    private final NodeRuntime runtime;
    private final long muchBytes;
    private long lookedAt = Long.MIN_VALUE;
    /** Between two turns of a non-blocking lane; 0: nothing gathers. */
    private volatile long nanosApart;
    /** Non-blocking lanes' turns are some time apart by themselves. */
    private volatile boolean isCarried;
    /** The log has carried much since the last look. */
    private volatile boolean hasWritten;
    /** Some lane has carried much since the last look: else nobody cares how busy the processors are. */
    private volatile boolean wanted;

    /** @param muchBytes with so many bytes lately a lane carries much */
    public Pace(NodeRuntime runtime, long muchBytes) {
        this.runtime = runtime;
        this.muchBytes = muchBytes;
    }

    /** Looks at the load now and then, if it matters. One lane. */
    public void look(long now) {
        boolean isTime = lookedAt == Long.MIN_VALUE || now - lookedAt >= NANOS_BETWEEN_LOOKS;
        if (isTime && (wanted || nanosApart > 0)) {
            lookedAt = now;
            wanted = false;
            long nanos = next(nanosApart, runtime.processorLoad());
            nanosApart = nanos;
            runtime.setInlineRuns(nanos == 0);
            isCarried = runtime.carry(hasWritten ? nanos : 0);
            hasWritten = false;
        }
    }

    private static long next(long nanos, double load) {
        if (load >= HIGH_LOAD) {
            return Math.min(MOST_NANOS, Math.max(LEAST_NANOS, 2 * nanos));
        } else if (load < LOW_LOAD) {
            return nanos > LEAST_NANOS ? nanos / 2 : 0;
        }
        return nanos;
    }

    /** How far apart turns begin on a non-blocking lane that carried so much lately; 0 if there is no need. Any lane. */
    public long nanosOfTurns(long carriedBytes) {
        return carriesMuch(carriedBytes) && !isCarried ? nanosApart : 0;
    }

    /** How far apart turns begin on the log's lane, after so much; 0 if there is no need. That lane. */
    public long nanosOfLog(long carriedBytes) {
        if (!carriesMuch(carriedBytes)) {
            return 0;
        }
        if (!hasWritten) {
            hasWritten = true;
        }
        return LOG_TIMES * nanosApart;
    }

    private boolean carriesMuch(long carriedBytes) {
        if (carriedBytes < muchBytes) {
            return false;
        }
        if (!wanted) {
            wanted = true;
        }
        return true;
    }
}
