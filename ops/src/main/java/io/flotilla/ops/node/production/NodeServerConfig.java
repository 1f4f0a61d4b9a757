package io.flotilla.ops.node.production;

import io.flotilla.raft.core.NodeId;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * @param dataDir the node's directory; made if absent
 * @param listen {@code host:port} to serve at; port 0 picks a free one
 * @param http {@code host:port} of the node's HTTP pages, told to others; empty if none
 * @param seeds the founding nodes; empty to continue what the directory holds
 * @param groups data groups made at founding
 * @param shards shards made at founding
 * @param advertise {@code host:port} at which others reach the node; empty if that is where it listens, or where the seeds say
 */
public record NodeServerConfig(
        NodeId id,
        Path dataDir,
        String listen,
        String http,
        SortedMap<NodeId, String> seeds,
        int groups,
        int shards,
        NodeLimits limits,
        String advertise) {
    /** One that others reach where it listens. */
    public NodeServerConfig(
            NodeId id,
            Path dataDir,
            String listen,
            String http,
            SortedMap<NodeId, String> seeds,
            int groups,
            int shards,
            NodeLimits limits) {
        this(id, dataDir, listen, http, seeds, groups, shards, limits, "");
    }

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
