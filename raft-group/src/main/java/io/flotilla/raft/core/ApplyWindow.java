package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.RaftLog;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Hands committed, durable entries to the state machine, each once and in order, a bounded number of bytes ahead. */
final class ApplyWindow {
    private final int maxBytes;
    private final RaftLog log;
    private final Loads loads;
    private final Deque<Chunk> unanswered = new ArrayDeque<>();
    private List<Entry> ready = List.of();
    private long handedOut;
    private long unansweredBytes;
    private boolean paused;

    ApplyWindow(int maxBytes, RaftLog log, Loads loads) {
        this.maxBytes = maxBytes;
        this.log = log;
        this.loads = loads;
        this.handedOut = log.applied();
    }

    /** The entries that may go to the state machine now. */
    List<Entry> drain(long durableIndex) {
        long limit = Math.min(log.committed(), durableIndex);
        while (!paused && handedOut < limit && unansweredBytes < maxBytes) {
            long from = handedOut + 1;
            int room = (int) (maxBytes - unansweredBytes);
            if (from < log.firstResident()) {
                loads.request(null, from, Math.min(limit, log.firstResident() - 1), room);
                break;
            }
            handOut(log.slice(from, limit, room));
        }
        List<Entry> drained = ready;
        ready = List.of();
        return drained;
    }

    /** Whether committed and durable entries wait here for room. */
    boolean isWaiting(long durableIndex) {
        return !paused && handedOut < Math.min(log.committed(), durableIndex);
    }

    /** Entries read from disk. */
    void loaded(List<Entry> entries) {
        if (!paused && !entries.isEmpty() && entries.get(0).index() == handedOut + 1) {
            handOut(List.copyOf(entries));
        }
    }

    /** The state machine holds everything up to {@code index}. */
    void applied(long index) {
        Check.that(index <= handedOut, "applied %s, but only entries up to %s were handed out", index, handedOut);
        while (!unanswered.isEmpty() && unanswered.peekFirst().lastIndex <= index) {
            unansweredBytes -= unanswered.pollFirst().bytes;
        }
    }

    /** Hands out nothing more: a snapshot is to take the place of the next entries. */
    void pause() {
        paused = true;
    }

    boolean isPaused() {
        return paused;
    }

    /** The snapshot up to {@code index} is installed, after all that was handed out before. */
    void installed(long index) {
        Check.that(
                paused && ready.isEmpty() && unanswered.isEmpty() && handedOut < index,
                "snapshot up to %s after entry %s",
                index,
                handedOut);
        paused = false;
        handedOut = index;
    }

    /** The list is given away. */
    private void handOut(List<Entry> entries) {
        long bytes = 0;
        for (Entry entry : entries) {
            Check.that(entry.index() == handedOut + 1, "entry %s to apply after index %s", entry, handedOut);
            Check.that(entry.term() == log.termAt(entry.index()), "entry %s to apply is not the one in the log", entry);
            handedOut++;
            bytes += entry.bytes();
        }
        ready = ready.isEmpty() ? entries : joined(ready, entries);
        unanswered.addLast(new Chunk(handedOut, bytes));
        unansweredBytes += bytes;
    }

    private static List<Entry> joined(List<Entry> first, List<Entry> second) {
        List<Entry> all = new ArrayList<>(first.size() + second.size());
        all.addAll(first);
        all.addAll(second);
        return all;
    }

    private record Chunk(long lastIndex, long bytes) {}
}
