package io.flotilla.kv.service;

import io.flotilla.raft.core.NodeId;

/** Where nodes listen, as far as this node knows. Thread-safe; never blocks. */
public interface NodeDirectory {
    /** {@code host:port}, or an empty string if unknown. */
    String addressOf(NodeId node);

    /** The number of the newest configuration that this node knows; 0 if none. */
    long configurationNumber();
}
