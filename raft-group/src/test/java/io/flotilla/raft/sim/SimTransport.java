package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MalformedFrameException;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.PeersUp;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import io.flotilla.raft.transport.VersionRange;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The transport of one incarnation of a node over a {@link SimNetwork}: frames are lost, doubled, delayed and
 * overtaken. What arrives was encoded and decoded on the way.
 *
 * <p>Frames are preceded by this node's greeting until the peer's has come back. A frame that meets a cut, a dead process or
 * another one than the greeted ends that connection, and the next frame is preceded by a greeting again.
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
    /** The processes that have greeted back. */
    private final TreeMap<NodeId, NodeStart> greeted = new TreeMap<>();
    /** The processes whose greetings have come. */
    private final TreeMap<NodeId, NodeStart> incoming = new TreeMap<>();

    private NodeStart start;
    private LongSupplier durableBatch;
    private Function<NodeId, PeerRecord> known;
    private TransportReceiver receiver;
    private PeersUp up;

    /** @param address where it listens once started */
    public SimTransport(SimNetwork network, SimRuntime runtime, NodeId self, String address) {
        this.network = network;
        this.runtime = runtime;
        this.self = self;
        this.address = address;
    }

    @Override
    public void start(
            NodeStart self,
            LongSupplier newestDurable,
            Function<NodeId, PeerRecord> remembered,
            TransportReceiver newReceiver) {
        start = self;
        durableBatch = newestDurable;
        known = remembered;
        receiver = newReceiver;
        up = new PeersUp(newReceiver);
        // opening took its time: nobody gets an answer before
        network.scheduler().whenReached(() -> {
            if (runtime.isAlive()) {
                network.listen(address, this);
            }
        });
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

    @Override
    public void send(NodeId to, NodeMessage message) {
        String target = addresses.get(to);
        if (target == null || !runtime.isAlive()) {
            return;
        }
        network.scheduler().whenReached(() -> {
            if (runtime.isAlive() && !network.isMute(self)) {
                network.greetings().sent(self, message);
            }
        });
        byte[] frame = MessageCodec.frame(new Frame(List.of(message), List.of()));
        for (int copies = network.duplicates() ? 2 : 1; copies > 0; copies--) {
            transmit(to, target, frame, network.delay(), network.loses());
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
        carry(
                to,
                target,
                frame,
                arrival - now,
                lost,
                listener -> listener.receiver.receiveBulk(self, decodeBulk(frame)));
    }

    private void transmit(NodeId to, String target, List<GroupMessage> messages, long delay, boolean lost) {
        transmit(to, target, MessageCodec.frame(messages), delay, lost);
    }

    private void transmit(NodeId to, String target, byte[] frame, long delay, boolean lost) {
        NodeStart expected = greeted.get(to);
        if (expected != null) {
            carry(to, target, frame, delay, lost, listener -> {
                if (listener.refuses(self, start)) {
                    broken(to);
                } else if (listener.start.equals(expected)) {
                    listener.take(self, frame);
                } else {
                    broken(to);
                }
            });
            return;
        }
        byte[] greeting = greetingTo(to).encode();
        carry(to, target, frame, delay, lost, listener -> {
            if (listener.greetedBy(this, greeting)) {
                listener.take(self, frame);
            }
        });
    }

    private Greeting greetingTo(NodeId to) {
        Greeting greeting = new Greeting(
                VersionRange.SPOKEN, self, address, to, "", start, durableBatch.getAsLong(), remembered(to));
        network.scheduler().whenReached(() -> {
            if (runtime.isAlive() && !network.isMute(self)) {
                network.greetings().sent(greeting);
            }
        });
        return greeting;
    }

    private PeerRecord remembered(NodeId peer) {
        return network.forgets(self, peer) ? PeerRecord.NONE : known.apply(peer);
    }

    private boolean refuses(NodeId peer, NodeStart theirs) {
        return remembered(peer).objectionTo(theirs) != null;
    }

    private void take(NodeId from, byte[] bytes) {
        Frame frame = decode(bytes);
        frame.nodes().forEach(message -> receiver.receive(from, message));
        if (!frame.groups().isEmpty()) {
            receiver.receive(from, frame.groups());
        }
    }

    /**
     * A connection of a peer has begun here, or one that has begun is told of once more.
     *
     * @return false if it is refused
     */
    private boolean greetedBy(SimTransport peer, byte[] bytes) {
        Greeting greeting = decodeGreeting(bytes);
        NodeStart theirs = greeting.start();
        if (isOutdatedBy(greeting)) {
            return false;
        }
        if (refuses(peer.self, theirs)) {
            answer(peer);
            return false;
        }
        NodeStart before = incoming.get(peer.self);
        if (before == null || before.compareTo(theirs) < 0) {
            incoming.put(peer.self, theirs);
            up.greeted(peer.self, theirs);
            if (before != null) {
                up.parted(peer.self, before);
            }
            NodeStart answered = greeted.get(peer.self);
            if (answered != null && answered.compareTo(theirs) < 0) {
                greeted.remove(peer.self);
                up.parted(peer.self, answered);
            }
        } else if (!before.equals(theirs)) {
            // the connection of a process that is dead by now
            up.greeted(peer.self, theirs);
            up.parted(peer.self, theirs);
            return true;
        }
        receiver.receive(peer.self, new NodeMessage.DurableBatch(greeting.durableBatch()));
        answer(peer);
        return true;
    }

    private boolean isOutdatedBy(Greeting greeting) {
        String why = greeting.known().objectionTo(start);
        if (why != null) {
            receiver.outdated(greeting.from(), why);
        }
        return why != null;
    }

    private void answer(SimTransport peer) {
        byte[] answer = greetingTo(peer.self).encode();
        carry(peer.self, peer.address, answer, network.delay(), network.loses(), listener -> {
            if (listener == peer) {
                listener.answeredBy(self, answer);
            }
        });
    }

    private void answeredBy(NodeId peer, byte[] bytes) {
        Greeting greeting = decodeGreeting(bytes);
        if (isOutdatedBy(greeting)) {
            return;
        }
        if (refuses(peer, greeting.start())) {
            return;
        }
        NodeStart before = greeted.get(peer);
        if (before == null || before.compareTo(greeting.start()) < 0) {
            greeted.put(peer, greeting.start());
            up.greeted(peer, greeting.start());
            if (before != null) {
                up.parted(peer, before);
            }
        }
        receiver.receive(peer, new NodeMessage.DurableBatch(greeting.durableBatch()));
    }

    /** The connections with a peer are over. */
    private void broken(NodeId peer) {
        NodeStart answered = greeted.remove(peer);
        if (answered != null) {
            up.parted(peer, answered);
        }
        NodeStart greeting = incoming.remove(peer);
        if (greeting != null) {
            up.parted(peer, greeting);
        }
    }

    private Greeting decodeGreeting(byte[] bytes) {
        try {
            Greeting greeting = Greeting.decode(bytes, VersionRange.SPOKEN);
            String objection = greeting.objectionOf(VersionRange.SPOKEN, self, "");
            if (objection != null) {
                throw new AssertionError(objection);
            }
            return greeting;
        } catch (MalformedFrameException e) {
            throw new AssertionError("a greeting that was encoded here can't be decoded", e);
        }
    }

    private void carry(
            NodeId to, String target, byte[] bytes, long delay, boolean lost, Consumer<SimTransport> arrive) {
        SimScheduler scheduler = network.scheduler();
        long departure = scheduler.now();
        long arrival = departure + delay;
        if (lost) {
            return;
        }
        if (network.isCut(self.value(), to.value())) {
            broken(to);
            return;
        }
        long hash = TraceHash.of(bytes);
        scheduler.at(arrival, () -> {
            if (!runtime.wasAliveAt(departure)) {
                return;
            }
            if (network.isCut(self.value(), to.value())) {
                if (runtime.isAlive()) {
                    broken(to);
                }
                return;
            }
            deliver(to, target, hash, arrive);
        });
    }

    private void deliver(NodeId to, String target, long hash, Consumer<SimTransport> arrive) {
        SimScheduler scheduler = network.scheduler();
        SimTransport listener = network.listener(target);
        if (listener == null || !listener.self.equals(to) || !listener.runtime.isAlive()) {
            if (runtime.isAlive()) {
                broken(to);
            }
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

    private static Frame decode(byte[] frame) {
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
