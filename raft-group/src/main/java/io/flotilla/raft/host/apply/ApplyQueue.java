package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.ProposalCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One group's committed entries on their way from its worker to its machine, in the order of their indexes. The worker adds,
 * the applier's lane takes. Entries for which nobody here waits are deferred for a while, or until there is so much of them,
 * and are then applied together.
 */
final class ApplyQueue {
    /** Entries of several hand-overs are applied as one batch up to this. */
    private static final int ENTRIES_TOGETHER = 1024;

    private static final long BYTES_TOGETHER = 1L << 20;

    /** More than this is a lot, even for a non-blocking machine. */
    private static final int FEW_ENTRIES = 16;

    private static final long FEW_BYTES = 16L << 10;

    private static final int DEFERRED_BYTES = 16 << 10;

    private final Queue<Batch> given = new ConcurrentLinkedQueue<>();
    /** The applier will ask the machine to apply what is here. */
    private final AtomicBoolean deferred = new AtomicBoolean();

    private final int mostDeferredBytes;
    /** How much is deferred, at most. The worker's. */
    private long deferredBytes;

    /** @param maxApplyBytes what the core gives out ahead: no more than that may be deferred */
    ApplyQueue(int maxApplyBytes) {
        this.mostDeferredBytes = Math.min(DEFERRED_BYTES, maxApplyBytes);
    }

    /**
     * Entries that follow each other.
     *
     * @param callbacks of the proposals, parallel to the entries, null where nobody here waits; may be null as a whole
     */
    record Batch(List<Entry> entries, ProposalCallback[] callbacks) {
        long firstIndex() {
            return entries.get(0).index();
        }

        long lastIndex() {
            return entries.get(entries.size() - 1).index();
        }

        long bytes() {
            long sum = 0;
            for (int i = 0; i < entries.size(); i++) {
                sum += entries.get(i).bytes();
            }
            return sum;
        }
    }

    /** By the worker. */
    void add(Batch batch) {
        given.add(batch);
    }

    /**
     * A batch that was added may be deferred. By the worker.
     *
     * @param plan makes sure that {@link #undefer} is called soon; run if nothing was deferred before
     * @return true if so much is deferred now that all is to be applied at once
     */
    boolean defer(Batch batch, Runnable plan) {
        if (!deferred.get() && deferred.compareAndSet(false, true)) {
            deferredBytes = 0;
            plan.run();
        }
        deferredBytes += batch.bytes();
        if (deferredBytes >= mostDeferredBytes) {
            deferredBytes = 0;
            return true;
        }
        return false;
    }

    /** What is deferred will be applied now. By the applier. */
    void undefer() {
        deferred.set(false);
    }

    boolean isEmpty() {
        return given.isEmpty();
    }

    /** Whether there is something, and it begins at most at this index. */
    boolean beginsAtMost(long index) {
        Batch first = given.peek();
        return first != null && first.firstIndex() <= index;
    }

    /** Whether to apply all that is here may take long. */
    boolean isMuch() {
        int entries = 0;
        long bytes = 0;
        for (Batch each : given) {
            entries += each.entries.size();
            bytes += each.bytes();
            if (entries > FEW_ENTRIES || bytes > FEW_BYTES) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes what can be applied as one batch: a machine that is behind, or that nobody waits for, gets larger ones.
     *
     * @return null if there is nothing
     */
    Batch take() {
        Batch first = given.poll();
        if (first == null || given.isEmpty() || first.entries.size() >= ENTRIES_TOGETHER) {
            return first;
        }
        List<Batch> together = new ArrayList<>();
        together.add(first);
        int entries = first.entries.size();
        long bytes = first.bytes();
        long end = first.lastIndex();
        for (Batch next = given.peek(); next != null; next = given.peek()) {
            entries += next.entries.size();
            bytes += next.bytes();
            // between entries that don't follow each other a snapshot is installed
            if (next.firstIndex() != end + 1 || entries > ENTRIES_TOGETHER || bytes > BYTES_TOGETHER) {
                break;
            }
            given.remove();
            together.add(next);
            end = next.lastIndex();
        }
        return together.size() == 1 ? first : join(together);
    }

    private static Batch join(List<Batch> together) {
        List<Entry> entries = new ArrayList<>();
        boolean proposed = false;
        for (Batch each : together) {
            entries.addAll(each.entries);
            proposed |= each.callbacks != null;
        }
        if (!proposed) {
            return new Batch(entries, null);
        }
        ProposalCallback[] callbacks = new ProposalCallback[entries.size()];
        int at = 0;
        for (Batch each : together) {
            if (each.callbacks != null) {
                System.arraycopy(each.callbacks, 0, callbacks, at, each.callbacks.length);
            }
            at += each.entries.size();
        }
        return new Batch(entries, callbacks);
    }
}
