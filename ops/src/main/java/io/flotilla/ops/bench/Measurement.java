package io.flotilla.ops.bench;

import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Counts the operations that end within a window, and keeps their times and those of operations that were due in it and
 * ended later. Any thread tells of ends; one thread opens, closes and reads. Nanoseconds of the run's own clock.
 */
final class Measurement implements Driver.Listener {
    private static final long LONGEST = TimeUnit.HOURS.toNanos(1);
    private static final int DIGITS = 3;

    private final Recorder recorder = new Recorder(LONGEST, DIGITS);
    private final Histogram latencies = new Histogram(LONGEST, DIGITS);
    private final LongAdder everDone = new LongAdder();
    private final LongAdder everFailed = new LongAdder();
    private final LongAdder done = new LongAdder();
    private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();
    private final Map<Long, LongAdder> groups = new ConcurrentHashMap<>();
    private final Map<Long, AnswerGap> gaps = new ConcurrentHashMap<>();
    private volatile long from = Long.MAX_VALUE;
    private volatile long to = Long.MAX_VALUE;
    private Histogram recent;

    @Override
    public void ended(Driver.Place place, long since, long now, Throwable failed) {
        boolean counts = now >= from && now < to;
        if (failed != null) {
            everFailed.increment();
            if (counts) {
                errors.computeIfAbsent(kind(failed), kind -> new LongAdder()).increment();
            }
            return;
        }
        everDone.increment();
        if (since < to) {
            recorder.recordValue(bounded(now - since));
        }
        if (counts) {
            done.increment();
            groups.computeIfAbsent(place.group(), id -> new LongAdder()).increment();
            long opened = from;
            gaps.computeIfAbsent(place.shard(), id -> new AnswerGap(opened)).answered(now);
        }
    }

    private static long bounded(long nanos) {
        return Math.max(1, Math.min(LONGEST, nanos));
    }

    /** A word for the errors of one kind. */
    private static String kind(Throwable failed) {
        if (failed instanceof CompletionException && failed.getCause() != null) {
            return kind(failed.getCause());
        }
        if (failed instanceof RefusedException refused) {
            return refused.reason().name();
        }
        return failed instanceof IndeterminateException
                ? "INDETERMINATE"
                : failed.getClass().getSimpleName();
    }

    /** From now on operations count. */
    void open(long now) {
        recorder.reset();
        from = now;
    }

    /** From then on they don't. */
    void closeAt(long end) {
        to = end;
    }

    /** An operation that should have ended and has not counts with the time it took so far. After the close. */
    void unfinished(long waited) {
        latencies.recordValue(bounded(waited));
    }

    /** The times since the last call; they are part of {@link #latencies} if the window is open. */
    Histogram recent() {
        recent = recorder.getIntervalHistogram(recent);
        if (from != Long.MAX_VALUE) {
            latencies.add(recent);
        }
        return recent;
    }

    /** Operations done since the beginning, counted or not. */
    long everDone() {
        return everDone.sum();
    }

    /** Operations that failed since the beginning, counted or not. */
    long everFailed() {
        return everFailed.sum();
    }

    long operations() {
        return done.sum();
    }

    /** In nanoseconds; complete after a last {@link #recent}. */
    Histogram latencies() {
        return latencies;
    }

    Map<String, Long> errors() {
        return sums(errors);
    }

    Map<Long, Long> groups() {
        return sums(groups);
    }

    /** The longest time between two operations done, by shard; the window's begin and end count as such. After the close. */
    Map<Long, Long> longestGaps() {
        Map<Long, Long> longest = new TreeMap<>();
        gaps.forEach((shard, gap) -> longest.put(shard, gap.longestUntil(to)));
        return Collections.unmodifiableMap(longest);
    }

    private static <K extends Comparable<K>> Map<K, Long> sums(Map<K, LongAdder> counts) {
        Map<K, Long> sums = new TreeMap<>();
        counts.forEach((key, count) -> sums.put(key, count.sum()));
        return Collections.unmodifiableMap(sums);
    }
}
