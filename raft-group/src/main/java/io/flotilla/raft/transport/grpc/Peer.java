package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import java.util.List;

/**
 * One other node: a stream for messages, and one for bulk on a connection of its own, opened when there is some for the
 * first time. So neither waits for the other, not even in the flow control that streams of one connection share.
 * Thread-safe.
 */
final class Peer {
    private final PeerQueue messages;
    private final BulkQueue bulk;
    private final PeerLink messageLink;
    private final PeerLink bulkLink;

    Peer(GrpcTransport transport, NodeId node, RetryTimer timer, long queueBytes) {
        messages = new PeerQueue(queueBytes);
        bulk = new BulkQueue(queueBytes);
        messageLink = new PeerLink(transport, node, timer, GrpcTransport.FRAMES, messages);
        bulkLink = new PeerLink(transport, node, timer, GrpcTransport.BULK, bulk);
    }

    void start() {
        messageLink.start();
    }

    void configured(String address) {
        messageLink.configured(address);
        bulkLink.configured(address);
    }

    void learnt(String address) {
        messageLink.learnt(address);
        bulkLink.learnt(address);
    }

    /** @return false if they were dropped */
    boolean send(List<GroupMessage> some) {
        if (!messages.offer(some)) {
            return false;
        }
        messageLink.write();
        return true;
    }

    /** @return false if it was dropped */
    boolean send(NodeMessage message) {
        if (!messages.offer(message)) {
            return false;
        }
        messageLink.write();
        return true;
    }

    /** @return false if it was dropped */
    boolean send(BulkMessage message) {
        if (!bulk.offer(message)) {
            return false;
        }
        bulkLink.start();
        bulkLink.write();
        return true;
    }

    void close() {
        messageLink.close();
        bulkLink.close();
    }
}
