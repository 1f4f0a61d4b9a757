package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One other node: a stream for messages, and one for bulk on a connection of its own, opened when there is some for the
 * first time. So neither waits for the other, not even in the flow control that streams of one connection share.
 *
 * <p>Anybody can call itself by the node's name. So a stream that says it comes from the node counts only if the node, called at its own
 * address, gave the same start of itself; until then nothing is read from it. Thread-safe.
 */
final class Peer {
    /** Streams that wait until it is known whose they are; one more ends the one that waits longest. */
    private static final int MOST_WAITING = 4;
    /** Streams of one kind that are read; a node has one, and for a moment one that is dead already. */
    private static final int MOST_OPEN = 4;

    private static final int PATIENCE_SECONDS = 6;

    /** A stream that came and says that it is of this node. Its methods may be called on any thread. */
    interface Arrival {
        NodeStart start();

        /** Where its sender says that it listens. */
        String address();

        boolean isBulk();

        /** It is known to be the node's: from now on it is read. */
        void open();

        void end(Status why);
    }

    private record Waiting(Arrival arrival, long number) {}

    private final GrpcTransport transport;
    private final NodeId node;
    private final PeerQueue messages;
    private final BulkQueue bulk;
    private final PeerLink messageLink;
    private final PeerLink bulkLink;

    // guarded by this
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<Arrival> open = new ArrayList<>();
    /** As which start the node answered last; null if it never did. */
    private NodeStart proven;

    /** Counts arrivals and attempts to reach the node, in their order. */
    private long number;

    Peer(GrpcTransport transport, NodeId node, long queueBytes) {
        this.transport = transport;
        this.node = node;
        messages = new PeerQueue(queueBytes);
        bulk = new BulkQueue(queueBytes);
        messageLink = new PeerLink(transport, this, node, GrpcTransport.FRAMES, messages);
        bulkLink = new PeerLink(transport, this, node, GrpcTransport.BULK, bulk);
    }

    void start() {
        messageLink.start();
    }

    void configured(String address) {
        messageLink.configured(address);
        bulkLink.configured(address);
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

    synchronized long nextNumber() {
        return ++number;
    }

    /** A stream came that says that it is of this node. */
    void arrived(Arrival arrival) {
        Waiting waits = null;
        Arrival oldest = null;
        synchronized (this) {
            if (arrival.start().equals(proven)) {
                oldest = opened(arrival);
            } else {
                waits = new Waiting(arrival, nextNumber());
                waiting.add(waits);
                oldest = waiting.size() > MOST_WAITING ? waiting.remove(0).arrival : null;
            }
        }
        if (oldest != null) {
            oldest.end(Status.UNAVAILABLE.withDescription("newer streams of node " + node + " took its place"));
        }
        if (waits == null) {
            arrival.open();
            messageLink.wake();
            return;
        }
        Waiting late = waits;
        transport.later(() -> tooLate(late), TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
        messageLink.lookFor(arrival.address());
    }

    /** @return what is to give way. With the lock held */
    private Arrival opened(Arrival arrival) {
        open.add(arrival);
        Arrival oldest = null;
        int count = 0;
        for (Arrival each : open) {
            if (each.isBulk() == arrival.isBulk()) {
                oldest = oldest == null ? each : oldest;
                count++;
            }
        }
        if (count <= MOST_OPEN) {
            return null;
        }
        open.remove(oldest);
        return oldest;
    }

    private void tooLate(Waiting late) {
        boolean still;
        synchronized (this) {
            still = waiting.remove(late);
        }
        if (still) {
            late.arrival.end(Status.UNAVAILABLE.withDescription("node " + transport.self() + " could not reach node "
                    + node + " to make sure that this is a stream of it"));
        }
    }

    /** An arrival has ended, whatever became of it. */
    synchronized void left(Arrival arrival) {
        open.remove(arrival);
        waiting.removeIf(each -> each.arrival == arrival);
    }

    /**
     * The node, called at its address, has said who it is.
     *
     * @param attempted the {@link #nextNumber} of the call: streams that came before it are of that start or not the node's
     */
    void proved(Greeting greeting, String address, long attempted) {
        List<Arrival> confirmed = new ArrayList<>();
        List<Arrival> gone = new ArrayList<>();
        List<Arrival> strange = new ArrayList<>();
        synchronized (this) {
            if (!greeting.start().equals(proven)) {
                proven = greeting.start();
                gone.addAll(open);
                open.clear();
            }
            for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
                Waiting each = all.next();
                if (each.arrival.start().equals(proven)) {
                    confirmed.add(each.arrival);
                    all.remove();
                } else if (each.number < attempted) {
                    strange.add(each.arrival);
                    all.remove();
                }
            }
            for (Arrival each : confirmed) {
                Arrival oldest = opened(each);
                if (oldest != null) {
                    gone.add(oldest);
                }
            }
        }
        gone.forEach(each -> each.end(Status.UNAVAILABLE.withDescription("a later stream took its place")));
        confirmed.forEach(Arrival::open);
        strange.forEach(each -> each.end(Status.ALREADY_EXISTS.withDescription("node " + node + " runs already, at "
                + address + ": it is start " + greeting.start().incarnation()
                + " of its data directory, this one start "
                + each.start().incarnation())));
    }

    /** It answers there: bulk goes there, too. */
    void foundAt(String address) {
        bulkLink.configured(address);
    }

    void close() {
        messageLink.close();
        bulkLink.close();
    }
}
