package io.flotilla.ops.node;

import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.NodeRuntime;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongUnaryOperator;

/** The engine of a node with all that uses it beside the replicas; closed together, in order. Thread-safe. */
final class NodeData {
    private final KvEngine engine;
    private final KvMachines machines;
    private final Checksums checksums;
    private final Upkeep upkeep;

    /**
     * Opens the engine. Blocks.
     *
     * @param applied see {@link Checksums}
     */
    NodeData(NodePorts ports, LongUnaryOperator applied) {
        NodeRuntime runtime = ports.runtime();
        engine = ports.engine().get();
        machines = new KvMachines(engine, runtime.clock());
        checksums = new Checksums(runtime.lane("checksums"), machines, applied);
        upkeep = new Upkeep(runtime.lane("upkeep"), machines, ports.space());
    }

    /** Called once. */
    void start() {
        upkeep.start();
    }

    KvMachines machines() {
        return machines;
    }

    Checksums checksums() {
        return checksums;
    }

    /** What the controller is told of this node, without its groups. */
    NodeReportRequest.Builder report(String fleetId, NodeId self) {
        return NodeReportRequest.newBuilder()
                .setFleetId(fleetId)
                .setNode(self.value())
                .setFreeDiskBytes(room().freeBytes())
                .setDiskBytes(room().totalBytes());
    }

    Upkeep.Room room() {
        return upkeep.room();
    }

    /** Ends what uses the engine, flushes and closes it; the replicas are closed by then. Any thread; returns at once. */
    CompletableFuture<Void> close() {
        CompletableFuture<Void> over = new CompletableFuture<>();
        checksums.close(() -> upkeep.close(() -> {
            try {
                engine.close();
                over.complete(null);
            } catch (RuntimeException e) {
                over.completeExceptionally(e);
            }
        }));
        return over;
    }
}
