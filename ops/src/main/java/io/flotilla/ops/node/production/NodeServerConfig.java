package io.flotilla.ops.node.production;

import io.flotilla.raft.core.NodeId;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * @param dataDir the node's directory; made if absent
 * @param listen {@code host:port} to serve at, and the address told to others; port 0 picks a free one
 * @param http {@code host:port} of the node's HTTP pages, told to others; empty if none
 * @param seeds the founding nodes; empty to continue what the directory holds
 * @param groups data groups made at founding
 * @param shards shards made at founding
 */
public record NodeServerConfig(
        NodeId id,
        Path dataDir,
        String listen,
        String http,
        SortedMap<NodeId, String> seeds,
        int groups,
        int shards,
        NodeLimits limits) {
    /** A node that has the process for itself. */
    public NodeServerConfig(
            NodeId id,
            Path dataDir,
            String listen,
            String http,
            SortedMap<NodeId, String> seeds,
            int groups,
            int shards) {
        this(id, dataDir, listen, http, seeds, groups, shards, NodeLimits.ofProcess(1));
    }

    public NodeServerConfig {
        seeds = Collections.unmodifiableSortedMap(new TreeMap<>(seeds));
    }
}
