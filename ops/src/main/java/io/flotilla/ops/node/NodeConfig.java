package io.flotilla.ops.node;

import io.flotilla.ops.node.founding.FoundingPlan;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.HostConfig;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a node is told at its start.
 *
 * @param id the node's name for life
 * @param address {@code host:port} at which other nodes and clients reach it
 * @param httpAddress {@code host:port} of its HTTP pages; empty if none
 * @param seeds the founding nodes with their addresses, this one included; empty for a node that was founded before.
 *     Once the node belongs to a fleet they are only hints where the others may be found
 * @param groups data groups made at founding
 * @param shards shards made at founding
 * @param process the process that it runs in, told to whoever asks for the node's status
 * @param featureLevel the highest level of features that its program knows; from 1
 */
public record NodeConfig(
        NodeId id,
        String address,
        String httpAddress,
        SortedMap<NodeId, String> seeds,
        int groups,
        int shards,
        HostConfig host,
        HostProcess process,
        int featureLevel) {
    /** A node of this program. */
    public NodeConfig(
            NodeId id,
            String address,
            String httpAddress,
            SortedMap<NodeId, String> seeds,
            int groups,
            int shards,
            HostConfig host,
            HostProcess process) {
        this(id, address, httpAddress, seeds, groups, shards, host, process, ProgramVersion.FEATURE_LEVEL);
    }

    /** A node of which nobody needs to know the process. */
    public NodeConfig(
            NodeId id,
            String address,
            String httpAddress,
            SortedMap<NodeId, String> seeds,
            int groups,
            int shards,
            HostConfig host) {
        this(id, address, httpAddress, seeds, groups, shards, host, HostProcess.UNKNOWN);
    }

    public NodeConfig {
        seeds = Collections.unmodifiableSortedMap(new TreeMap<>(seeds));
        if (!host.self().equals(id)) {
            throw new IllegalArgumentException("the host's node is " + host.self() + ", not " + id);
        }
    }

    /** What of it is about the founding. */
    FoundingPlan founding() {
        return new FoundingPlan(id, address, httpAddress, seeds, groups, shards, featureLevel);
    }
}
