package io.flotilla.raft.host.apply;

import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.shared.Inbox;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;

/**
 * Reads under a lease, on the lane of one applier: they come straight from the caller, ask nobody and wait for nothing
 * but what was committed when they came. Those that gathered meanwhile are answered together. Thread-safe.
 */
final class LeasedReads {
    private static final int READS_PER_TURN = 256;

    /** Of a thread that must not block; each may have to be fetched from a disk. */
    private static final int READS_PER_INLINE_TURN = 4;

    private final Lane lane;
    private final HostListener listener;
    private final Inbox<Read> inbox;

    /** @param index what must be applied before */
    private record Read(HostedMachine machine, long index, ReadCallback callback, HeldLease lease) {}

    LeasedReads(Lane lane, HostState state) {
        this.lane = lane;
        this.listener = state.listener;
        HostLimits limits = state.config.limits();
        this.inbox = new Inbox<>(
                lane,
                state.clock,
                state.pace::nanosOfTurns,
                limits.maxInboxEvents(),
                limits.maxInboxBytes(),
                this::turn);
    }

    /** @return false if too much waits already */
    boolean offer(HostedMachine machine, long index, ReadCallback callback, HeldLease lease) {
        return inbox.offer(new Read(machine, index, callback, lease), 1, 0);
    }

    /** Any lane. */
    void held(Held held) {
        inbox.held("leased reads", held);
    }

    private void turn() {
        int most = lane.mayBlock() ? READS_PER_TURN : READS_PER_INLINE_TURN;
        int taken = 0;
        while (taken < most) {
            Read read = inbox.take();
            if (read == null) {
                break;
            }
            taken++;
            inbox.taken(1, 0);
            read.machine.readLeased(read.index, read.callback, read.lease);
        }
        inbox.carried(taken, 0);
        listener.answersGiven();
    }
}
