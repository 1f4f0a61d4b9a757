package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MalformedFrameException;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The transport of one incarnation of a node over a {@link SimNetwork}: frames are lost, doubled, delayed and
 * overtaken. What arrives was encoded and decoded on the way.
 */
public final class SimTransport implements Transport {
    private static final long BULK_NANOS_PER_BYTE = 20;

    private final SimNetwork network;
    private final SimRuntime runtime;
    private final NodeId self;
    private final String address;
    private final TreeMap<NodeId, String> addresses = new TreeMap<>();
    /** When the last piece of bulk arrives that is on its way. */
    private final TreeMap<NodeId, Long> lastBulk = new TreeMap<>();

    private TransportReceiver receiver;

    /** @param address where it listens once started */
    public SimTransport(SimNetwork network, SimRuntime runtime, NodeId self, String address) {
        this.network = network;
        this.runtime = runtime;
        this.self = self;
        this.address = address;
    }

    @Override
    public void start(TransportReceiver newReceiver) {
        receiver = newReceiver;
        network.listen(address, this);
    }

    @Override
    public void setAddress(NodeId node, String newAddress) {
        addresses.put(node, newAddress);
    }

    @Override
    public void send(NodeId to, List<GroupMessage> messages) {
        String target = addresses.get(to);
        if (target == null || !runtime.isAlive()) {
            return;
        }
        network.scheduler().whenReached(() -> {
            if (runtime.isAlive()) {
                for (GroupMessage message : messages) {
                    network.sent(self, to, message);
                }
            }
        });
        SimNetwork.Carrier carrier = network.carrier();
        if (carrier != null) {
            for (GroupMessage message : messages) {
                long delay = carrier.carry(self, to, message);
                transmit(to, target, List.of(message), delay, delay < 0);
            }
            return;
        }
        transmit(to, target, messages, network.delay(), network.loses());
        if (network.duplicates()) {
            transmit(to, target, messages, network.delay(), network.loses());
        }
    }

    /**
     * Bulk has a connection of its own, with the same faults; each byte takes a little longer. On a network that reorders nothing
     * no piece overtakes another.
     */
    @Override
    public void sendBulk(NodeId to, BulkMessage message) {
        String target = addresses.get(to);
        if (target == null || !runtime.isAlive()) {
            return;
        }
        byte[] frame = BulkCodec.encode(message);
        SimNetwork.Carrier carrier = network.carrier();
        if (carrier != null) {
            long delay = carrier.carry(self, to, message);
            transmitBulk(to, target, frame, delay, delay < 0);
            return;
        }
        for (int copies = network.duplicates() ? 2 : 1; copies > 0; copies--) {
            transmitBulk(to, target, frame, network.delay(), network.loses());
        }
    }

    private void transmitBulk(NodeId to, String target, byte[] frame, long delay, boolean lost) {
        long now = network.scheduler().now();
        long arrival = now + delay + frame.length * BULK_NANOS_PER_BYTE;
        if (network.quality().reordering() == 0) {
            arrival = Math.max(arrival, lastBulk.getOrDefault(to, 0L) + 1);
            lastBulk.put(to, arrival);
        }
        transmit(
                to,
                target,
                frame,
                arrival - now,
                lost,
                listener -> listener.receiver.receiveBulk(self, decodeBulk(frame)));
    }

    private void transmit(NodeId to, String target, List<GroupMessage> messages, long delay, boolean lost) {
        byte[] frame = MessageCodec.frame(messages);
        transmit(to, target, frame, delay, lost, listener -> listener.receiver.receive(self, decode(frame)));
    }

    private void transmit(
            NodeId to, String target, byte[] frame, long delay, boolean lost, Consumer<SimTransport> arrive) {
        SimScheduler scheduler = network.scheduler();
        long departure = scheduler.now();
        long arrival = departure + delay;
        if (lost || network.isCut(self.value(), to.value())) {
            return;
        }
        long hash = TraceHash.of(frame);
        scheduler.at(arrival, () -> {
            if (runtime.wasAliveAt(departure) && !network.isCut(self.value(), to.value())) {
                deliver(to, target, hash, arrive);
            }
        });
    }

    private void deliver(NodeId to, String target, long hash, Consumer<SimTransport> arrive) {
        SimScheduler scheduler = network.scheduler();
        SimTransport listener = network.listener(target);
        if (listener == null || !listener.self.equals(to) || !listener.runtime.isAlive()) {
            return;
        }
        if (listener.runtime.isPaused()) {
            long later = listener.runtime.nextMoment(scheduler.now())
                    + network.random().nextLong(1_000_000);
            scheduler.at(later, () -> deliver(to, target, hash, arrive));
            return;
        }
        scheduler.trace().mix(scheduler.now() ^ hash);
        arrive.accept(listener);
    }

    private static BulkMessage decodeBulk(byte[] frame) {
        try {
            return BulkCodec.decode(ByteBuffer.wrap(frame));
        } catch (MalformedFrameException e) {
            throw new AssertionError("a frame that was encoded here can't be decoded", e);
        }
    }

    private static List<GroupMessage> decode(byte[] frame) {
        try {
            return MessageCodec.read(ByteBuffer.wrap(frame));
        } catch (MalformedFrameException e) {
            throw new AssertionError("a frame that was encoded here can't be decoded", e);
        }
    }

    @Override
    public void close() {
        network.stopListening(address, this);
    }
}
