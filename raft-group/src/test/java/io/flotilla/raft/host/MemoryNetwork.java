package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** Transports in one process; what is sent crosses as bytes, at once, and can be watched. */
final class MemoryNetwork {
    /** Sees each hand-over before it is delivered. */
    interface Watcher {
        void sent(NodeId from, NodeId to, List<GroupMessage> messages);
    }

    private final Map<NodeId, TransportReceiver> receivers = new ConcurrentHashMap<>();
    /** Guarded by itself: whoever is here is connected with all others. */
    private final Map<NodeId, NodeStart> starts = new TreeMap<>();
    /** What nodes told each other for themselves. */
    final BlockingQueue<String> ofNodes = new LinkedBlockingQueue<>();

    /** Whether a group's message is lost on the way. */
    interface Cut {
        boolean loses(NodeId from, NodeId to, Message message);
    }

    static final Cut NOTHING_CUT = (from, to, message) -> false;

    volatile Cut cut = NOTHING_CUT;
    volatile Predicate<BulkMessage> lost = message -> false;
    volatile Watcher watcher = (from, to, messages) -> {};

    /** Delivers to a node as if another one had sent it. */
    void inject(NodeId from, NodeId to, GroupMessage message) {
        TransportReceiver receiver = receivers.get(to);
        if (receiver != null) {
            receiver.receive(from, List.of(message));
        }
    }

    /** The same with a part of a snapshot. */
    void inject(NodeId from, NodeId to, BulkMessage message) {
        TransportReceiver receiver = receivers.get(to);
        if (receiver != null) {
            receiver.receiveBulk(from, message);
        }
    }

    /** A peer remembers more of a node than its start can tell. */
    void outdate(NodeId node, NodeId peer, String why) {
        receivers.get(node).outdated(peer, why);
    }

    Transport transport(NodeId self) {
        return new Transport() {
            @Override
            public void start(
                    NodeStart start,
                    LongSupplier durableBatch,
                    Function<NodeId, PeerRecord> known,
                    TransportReceiver receiver) {
                synchronized (starts) {
                    receivers.put(self, receiver);
                    starts.forEach((other, theirs) -> {
                        receivers.get(other).peerUp(self, start);
                        receiver.peerUp(other, theirs);
                    });
                    starts.put(self, start);
                }
            }

            @Override
            public void send(NodeId to, NodeMessage message) {
                ofNodes.add(self + " > " + to + " " + message);
                TransportReceiver receiver = receivers.get(to);
                if (receiver != null && receivers.containsKey(self)) {
                    receiver.receive(self, message);
                }
            }

            @Override
            public void send(NodeId to, List<GroupMessage> messages) {
                watcher.sent(self, to, messages);
                TransportReceiver receiver = receivers.get(to);
                List<GroupMessage> passing = messages.stream()
                        .filter(message -> !cut.loses(self, to, message.message()))
                        .toList();
                if (receiver != null && receivers.containsKey(self) && !passing.isEmpty()) {
                    try {
                        receiver.receive(
                                self,
                                MessageCodec.read(ByteBuffer.wrap(MessageCodec.frame(passing)))
                                        .groups());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            }

            @Override
            public void sendBulk(NodeId to, BulkMessage message) {
                TransportReceiver receiver = receivers.get(to);
                if (receiver != null && receivers.containsKey(self) && !lost.test(message)) {
                    try {
                        receiver.receiveBulk(self, BulkCodec.decode(ByteBuffer.wrap(BulkCodec.encode(message))));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            }

            @Override
            public void setAddress(NodeId node, String address) {}

            @Override
            public void close() {
                synchronized (starts) {
                    receivers.remove(self);
                    NodeStart start = starts.remove(self);
                    if (start != null) {
                        starts.keySet().forEach(other -> receivers.get(other).peerDown(self, start));
                    }
                }
            }
        };
    }
}
