package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.NodeMessage;

/**
 * Tells the peers that are up how far this node's log is durable: when that has moved, at most once a second, and never
 * while nothing is written. Belongs to the log writer's lane, but for the number itself.
 */
final class BatchTeller {
    private static final long NANOS_BETWEEN = 1_000_000_000L;

    private final HostState state;
    private final Lane lane;
    private final KnownPeers peers;
    /** Follows the log's own in a task after the write, as all that follows a wait for the disk. */
    private volatile long durable;

    private long told;
    private long toldAt;
    private boolean waits;

    BatchTeller(HostState state, Lane lane, KnownPeers peers) {
        this.state = state;
        this.lane = lane;
        this.peers = peers;
        this.durable = state.log.lastBatch();
        this.told = durable;
        this.toldAt = state.clock.nanos() - NANOS_BETWEEN;
    }

    /** The number of the newest batch that is known to be durable. Any thread. */
    long durable() {
        return durable;
    }

    /** A write is durable. */
    void written() {
        durable = state.log.lastBatch();
        if (waits) {
            return;
        }
        long wait = toldAt + NANOS_BETWEEN - state.clock.nanos();
        if (wait <= 0) {
            tell();
        } else {
            waits = true;
            lane.after(wait, this::tell);
        }
    }

    private void tell() {
        waits = false;
        long number = durable;
        if (number == told || state.isDown()) {
            return;
        }
        told = number;
        toldAt = state.clock.nanos();
        tell(new NodeMessage.DurableBatch(number));
    }

    /** Any thread. */
    void tell(NodeMessage message) {
        for (NodeId peer : peers.up()) {
            state.transport.send(peer, message);
        }
    }
}
