package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.PeerStatus;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.node.DirectoryRefusedException;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The other nodes: which are up, and what is remembered of them. A higher incarnation is written to disk at once, a newer
 * durable batch within a second: so much of the latter may be forgotten by a crash. Thread-safe; writing belongs to a lane
 * that may block.
 */
public final class KnownPeers {
    private static final long NANOS_BETWEEN_WRITES = 1_000_000_000L;

    private final HostState state;
    private final NodeRecords records;
    private final Lane lane;
    private final Consumer<Throwable> nodeFailed;

    // guarded by this
    private final TreeMap<NodeId, NodeStart> up = new TreeMap<>();
    private volatile List<NodeId> listed = List.of();

    // the lane's own
    private boolean waits;

    public KnownPeers(HostState state, NodeRecords records, Lane lane, Consumer<Throwable> nodeFailed) {
        this.state = state;
        this.records = records;
        this.lane = lane;
        this.nodeFailed = nodeFailed;
    }

    public NodeStart self() {
        return records.start();
    }

    /** What is remembered of one. Any thread. */
    public PeerRecord known(NodeId peer) {
        return records.of(peer);
    }

    /** This node's directory is not the one that it last ran with: it is written down, and the node can't go on. Any thread. */
    public void outdated(String why) {
        String text = why
                + ": the data directory is an older copy of the one that this node ran with, or another process runs from a copy"
                + " of it; put back the newest directory, or those of all nodes as they were at one time; if it is lost, put a"
                + " new node in this one's place";
        records.refuse(text);
        lane.execute(() -> {
            writeLast();
            nodeFailed.accept(new DirectoryRefusedException(text + " (" + records.describe() + ")"));
        });
    }

    /** Another process answers as this node. Any thread. */
    public void displaced(NodeId peer, String why) {
        lane.execute(() -> nodeFailed.accept(new DirectoryRefusedException("node " + peer + " says: " + why
                + ": two processes run as one node, one from the data directory and one from a copy of it; stop one")));
    }

    /** Sorted. Any thread. */
    public List<NodeId> up() {
        return listed;
    }

    /** All that ever greeted, and those that are up. Any thread. */
    public SortedMap<NodeId, PeerStatus> all() {
        TreeMap<NodeId, PeerStatus> all = new TreeMap<>();
        for (Map.Entry<NodeId, PeerRecord> known : records.all().entrySet()) {
            all.put(known.getKey(), new PeerStatus(null, known.getValue()));
        }
        synchronized (this) {
            up.forEach((peer, start) -> all.put(peer, new PeerStatus(start, records.of(peer))));
        }
        return all;
    }

    /** As the transport tells it: for one peer in order. */
    public void up(NodeId peer, NodeStart start) {
        synchronized (this) {
            up.put(peer, start);
            listed = List.copyOf(up.keySet());
        }
        if (records.greeted(peer, start)) {
            lane.execute(this::write);
        }
        if (!state.isDown()) {
            state.listener.peerUp(peer, start);
        }
    }

    /** As the transport tells it: for one peer in order. */
    public void down(NodeId peer, NodeStart start) {
        synchronized (this) {
            up.remove(peer);
            listed = List.copyOf(up.keySet());
        }
        state.syncTimes.forget(peer);
        if (!state.isDown()) {
            state.listener.peerDown(peer, start);
        }
    }

    public void heard(NodeId from, NodeMessage message) {
        if (message instanceof NodeMessage.SyncTime time) {
            state.syncTimes.heard(from, time.nanos());
        } else if (message instanceof NodeMessage.DurableBatch batch
                && batch.number() > records.of(from).durableBatch()) {
            records.durable(from, batch.number());
            lane.execute(this::writeLater);
        }
    }

    private void writeLater() {
        if (!waits) {
            waits = true;
            lane.after(NANOS_BETWEEN_WRITES, () -> {
                waits = false;
                write();
            });
        }
    }

    private void write() {
        if (!state.isDown()) {
            writeLast();
        }
    }

    /** Of the lane, at the end, too: an orderly stop forgets nothing. */
    public void writeLast() {
        if (!records.isChanged() || state.hasFailed()) {
            return;
        }
        try {
            records.write();
        } catch (IOException | RuntimeException | Error e) {
            nodeFailed.accept(e);
        }
    }
}
