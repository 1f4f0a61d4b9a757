package io.flotilla.ops.node;

import io.flotilla.client.net.Connector;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.move.copy.DiskSpace;
import io.flotilla.ops.node.move.MoveParts;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;
import java.util.function.Supplier;

/**
 * What a node gets from the world. Who made the ports closes them, after {@link FleetNode#close}; the engine is opened
 * and closed by the node.
 *
 * @param disk the data directory: the node's files and the shared log
 * @param space the room where the data directory lies
 * @param transport carries Raft messages; not started yet
 * @param connector streams to other nodes, for founding, watches and registration
 * @param engine opens the key-value engine; called at most once, on a lane of the node; may block
 * @param parts a say in what the node makes for itself
 */
public record NodePorts(
        NodeRuntime runtime,
        Disk disk,
        DiskSpace space,
        Transport transport,
        Connector connector,
        Supplier<KvEngine> engine,
        NodeParts parts) {
    MoveParts moveParts() {
        return new MoveParts(parts.copyLimits(), space, runtime.randomSeed());
    }
}
