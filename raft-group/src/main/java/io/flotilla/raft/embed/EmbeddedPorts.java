package io.flotilla.raft.embed;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What a node was put together from.
 *
 * @param owned to be closed after the host, the last one first
 */
record EmbeddedPorts(
        NodeId self,
        NodeRuntime runtime,
        Disk disk,
        LogStore log,
        NodeRecords records,
        Transport transport,
        Deque<AutoCloseable> owned) {
    /** Closes all that is owned, whatever one of them says. */
    static void close(Deque<AutoCloseable> owned) throws IOException {
        IOException failed = null;
        for (AutoCloseable each : new ArrayDeque<>(owned)) {
            try {
                each.close();
            } catch (Exception e) {
                if (failed == null) {
                    failed = new IOException("can't close " + each, e);
                } else {
                    failed.addSuppressed(e);
                }
            }
        }
        owned.clear();
        if (failed != null) {
            throw failed;
        }
    }

    void close() throws IOException {
        close(owned);
    }
}
