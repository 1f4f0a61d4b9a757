package io.flotilla.raft.host.apply;

import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;

/**
 * One group's reads that wait until enough is applied, in the order in which they came. Belongs to the applier's lane, but
 * for {@link #isAwaited}.
 */
final class ReadQueue {
    /** So many reads a thread that must not block runs in one task. */
    private static final int MOST_INLINE_READS = 16;

    private final Lane lane;
    private final Predicate<HeldLease> holds;
    private final Consumer<ReadCallback> again;
    private final IntConsumer done;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

    /** Some read waits for an entry that was not here yet. Written by the applier, read by the worker. */
    private volatile boolean awaited;

    /** Reads that are safe once {@code index} is applied, and if the lease, unless null, still holds after them. */
    record Waiting(long index, List<ReadCallback> callbacks, HeldLease lease) {}

    /**
     * @param holds whether nobody else led up to now
     * @param again takes a read whose lease ran out while it was made; it stays open
     * @param done is told how many reads are over
     */
    ReadQueue(Lane lane, Predicate<HeldLease> holds, Consumer<ReadCallback> again, IntConsumer done) {
        this.lane = lane;
        this.holds = holds;
        this.again = again;
        this.done = done;
    }

    /** Whether a thread that must not block must leave these to one that may. */
    static boolean isLong(List<ReadCallback> callbacks) {
        if (callbacks.size() > MOST_INLINE_READS) {
            return true;
        }
        for (int i = 0; i < callbacks.size(); i++) {
            if (callbacks.get(i).isLong()) {
                return true;
            }
        }
        return false;
    }

    /** @param applied by the machine until now */
    void add(Waiting reads, long applied) {
        waiting.add(reads);
        if (applied < reads.index) {
            // before the look at what was given: what is given after it is not deferred
            awaited = true;
        }
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Whether entries are waited for, so that none may be deferred. Any lane. */
    boolean isAwaited() {
        return awaited;
    }

    /**
     * Makes the reads that are safe now.
     *
     * @return false if the next ones need a thread that may block
     */
    boolean run(StateMachine machine, long applied) {
        int count = 0;
        while (!waiting.isEmpty() && waiting.peek().index <= applied) {
            List<ReadCallback> next = waiting.peek().callbacks;
            boolean isMany = count + next.size() > MOST_INLINE_READS;
            if (!lane.mayBlock() && (isMany || isLong(next))) {
                return false;
            }
            Waiting reads = waiting.poll();
            count += reads.callbacks.size();
            for (int i = 0; i < reads.callbacks.size(); i++) {
                run(machine, reads.callbacks.get(i), reads.lease);
            }
        }
        if (awaited && waiting.isEmpty()) {
            awaited = false;
        }
        return true;
    }

    private void run(StateMachine machine, ReadCallback callback, HeldLease lease) {
        try {
            Runnable answer = callback.read(machine);
            if (lease != null && !holds.test(lease)) {
                again.accept(callback);
                return;
            }
            answer.run();
        } catch (RuntimeException | Error e) {
            HostState.report(e, lane);
        }
        done.accept(1);
    }

    void refuse(List<ReadCallback> callbacks) {
        done.accept(callbacks.size());
        Refusal refusal = new Refusal.NoReplica();
        callbacks.forEach(callback -> HostState.refuse(callback, refusal, lane));
    }

    void refuseAll() {
        while (!waiting.isEmpty()) {
            refuse(waiting.poll().callbacks);
        }
        awaited = false;
    }
}
