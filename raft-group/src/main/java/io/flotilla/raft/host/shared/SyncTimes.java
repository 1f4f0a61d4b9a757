package io.flotilla.raft.host.shared;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.transfer.OtherDisks;
import io.flotilla.raft.host.DiskPace;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How long writes of the log take, each with its sync: here, and on other nodes by what they tell. Says which nodes' disks are quicker
 * than a slow one here.
 *
 * <p>Of each of the last five seconds in which there was a write the longest one counts, one under way as long as it has lasted. A
 * single pause of a disk is in one or two of them, so it makes no disk slow; what is slow is so in four of five. What this node
 * tells of itself is the median. Another node's disk is quicker if that is at most a quarter of what is so here in four of five
 * seconds: where all are slow alike nobody is quicker. Time in which this process did not run counts for nobody.
 *
 * <p>Thread-safe; its lock is held briefly.
 */
public final class SyncTimes {
    private static final long SECOND = 1_000_000_000L;
    private static final long SLOW_NANOS = 100_000_000L;
    private static final int FACTOR = 4;
    private static final int SECONDS = 5;
    private static final int SLOW_SECONDS = 4;

    /** Fewer say nothing about a disk. */
    private static final int SECONDS_TO_TELL = 3;

    /** Seconds of writes that were longer ago say nothing about now. */
    private static final long REMEMBERED_SECONDS = 60;

    /** What another node told longer ago says nothing about now. */
    private static final long TOLD_NANOS = 10 * SECOND;

    /** A disk that takes so long is no remedy for one that is stalled for some seconds. */
    private static final long NO_REMEDY_NANOS = SECOND;

    /** As between two looks of a group worker. */
    private static final int MOST_TICKS = 3;

    private record Told(long nanos, long at) {}

    /**
     * What came of a tick.
     *
     * @param own what the other nodes are to be told, in nanoseconds; -1 for nothing
     * @param changed not null if the disk has become slow, or is not slow any more
     */
    public record News(long own, DiskPace changed) {
        private static final News NONE = new News(-1, null);
    }

    private final Clock clock;
    private final long tickNanos;

    // guarded by this
    /** By second of the time in which this process ran. */
    private final TreeMap<Long, Long> longest = new TreeMap<>();

    private final TreeMap<NodeId, Told> told = new TreeMap<>();
    private long tick = Long.MIN_VALUE;
    private long ran;
    private long second;
    private boolean isWriting;
    private long beganAt;
    private long ranWhenItBegan;
    private boolean isSlow;

    private volatile OtherDisks others = OtherDisks.NONE;

    public SyncTimes(Clock clock, long tickNanos) {
        this.clock = clock;
        this.tickNanos = tickNanos;
    }

    /** A write begins. By the log's writer, as {@link #ended}. */
    public synchronized void begun() {
        isWriting = true;
        beganAt = clock.nanos();
        ranWhenItBegan = ran;
    }

    /** The write begun last is durable. @return how long it took, in nanoseconds */
    public synchronized long ended() {
        if (!isWriting) {
            return 0;
        }
        long took = lasting();
        isWriting = false;
        note(took);
        return took;
    }

    /** Of the write under way; no more than ticks tell, where they stood still. */
    private long lasting() {
        return Math.min(clock.nanos() - beganAt, ran - ranWhenItBegan + 2 * tickNanos);
    }

    private void note(long nanos) {
        long last = ran / SECOND;
        long first = Math.max(last - SECONDS + 1, Math.max(0, ran - nanos) / SECOND);
        for (long s = first; s <= last; s++) {
            longest.merge(s, nanos, Math::max);
        }
        while (longest.size() > SECONDS) {
            longest.pollFirstEntry();
        }
    }

    /** Another node tells how long its writes take. */
    public synchronized void heard(NodeId from, long nanos) {
        told.put(from, new Told(nanos, ran));
    }

    /** The node is not connected any more. */
    public synchronized void forget(NodeId node) {
        told.remove(node);
    }

    /** By each group worker that ticks, with the same numbers: the first one of each counts. */
    public synchronized News tick(long number) {
        if (number <= tick) {
            return News.NONE;
        }
        ran += tick == Long.MIN_VALUE ? 0 : Math.min(number - tick, MOST_TICKS) * tickNanos;
        tick = number;
        if (isWriting) {
            note(lasting());
        }
        while (!longest.isEmpty() && longest.firstKey() < ran / SECOND - REMEMBERED_SECONDS) {
            longest.pollFirstEntry();
        }
        told.values().removeIf(one -> ran - one.at > TOLD_NANOS);
        others = compare(own());
        boolean wasSlow = isSlow;
        isSlow = own() >= (wasSlow ? SLOW_NANOS / 2 : SLOW_NANOS);
        DiskPace changed = isSlow == wasSlow ? null : pace();
        boolean isNewSecond = ran / SECOND > second;
        second = ran / SECOND;
        if (!isNewSecond && changed == null) {
            return News.NONE;
        }
        return new News(
                isNewSecond && longest.size() >= SECONDS_TO_TELL ? sorted().get(longest.size() / 2) : -1, changed);
    }

    /** In four of five seconds a write took at least that long; 0 if not enough is known, where one that is slow needs less. */
    private long own() {
        if (longest.size() < (isSlow ? 1 : SLOW_SECONDS)) {
            return 0;
        }
        return sorted().get(Math.max(0, longest.size() - SLOW_SECONDS));
    }

    private List<Long> sorted() {
        List<Long> sorted = new ArrayList<>(longest.values());
        Collections.sort(sorted);
        return sorted;
    }

    private OtherDisks compare(long own) {
        TreeSet<NodeId> quicker = new TreeSet<>();
        TreeSet<NodeId> slow = new TreeSet<>();
        for (Map.Entry<NodeId, Told> other : told.entrySet()) {
            if (own >= SLOW_NANOS && other.getValue().nanos <= own / FACTOR) {
                quicker.add(other.getKey());
            }
            if (other.getValue().nanos >= NO_REMEDY_NANOS) {
                slow.add(other.getKey());
            }
        }
        return quicker.isEmpty() && slow.isEmpty() ? OtherDisks.NONE : new OtherDisks(quicker, slow);
    }

    /** As of the last tick. */
    public OtherDisks others() {
        return others;
    }

    /** Now. */
    public synchronized DiskPace pace() {
        TreeMap<NodeId, Long> tellings = new TreeMap<>();
        told.forEach((node, one) -> tellings.put(node, one.nanos));
        return new DiskPace(isSlow, own(), tellings);
    }
}
