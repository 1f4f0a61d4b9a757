package io.flotilla.raft.host;

import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;

/**
 * What this node knows of another one. Immutable.
 *
 * @param start the start by which it is up, or null if it is down
 * @param known what is remembered of it, whatever it says now
 */
public record PeerStatus(NodeStart start, PeerRecord known) {
    public boolean isUp() {
        return start != null;
    }
}
