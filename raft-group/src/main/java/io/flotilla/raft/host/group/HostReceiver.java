package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.persistence.KnownPeers;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.ArrayList;
import java.util.List;

/** Hands what arrives from other nodes to whom it concerns: each group's messages to its worker. Thread-safe. */
public final class HostReceiver implements TransportReceiver {
    private final HostState state;
    private final GroupWorker[] workers;
    private final Snapshots snapshots;
    private final KnownPeers peers;

    public HostReceiver(HostState state, GroupWorker[] workers, Snapshots snapshots, KnownPeers peers) {
        this.state = state;
        this.workers = workers;
        this.snapshots = snapshots;
        this.peers = peers;
    }

    @Override
    public void receive(NodeId from, List<GroupMessage> messages) {
        state.runtime.runInline(() -> share(from, messages));
    }

    @Override
    public void receive(NodeId from, NodeMessage message) {
        if (message instanceof NodeMessage.Application application) {
            if (!state.isDown()) {
                state.listener.told(from, application.bytes());
            }
        } else {
            peers.heard(from, message);
        }
    }

    @Override
    public void peerUp(NodeId peer, NodeStart start) {
        peers.up(peer, start);
    }

    @Override
    public void peerDown(NodeId peer, NodeStart start) {
        peers.down(peer, start);
    }

    @Override
    public void outdated(NodeId peer, String why) {
        peers.outdated("node " + peer + " does not take this start: " + why);
    }

    @Override
    public void displaced(NodeId peer, String why) {
        peers.displaced(peer, why);
    }

    @Override
    public void receiveBulk(NodeId from, BulkMessage message) {
        if (!state.isDown()) {
            snapshots.receive(from, message);
        }
    }

    private void share(NodeId from, List<GroupMessage> messages) {
        if (state.isDown() || messages.isEmpty()) {
            return;
        }
        state.counters.framesIn.increment();
        state.counters.messagesIn.add(messages.size());
        if (workers.length == 1) {
            deliver(0, from, messages);
            return;
        }
        List<List<GroupMessage>> byWorker = new ArrayList<>(workers.length);
        for (int i = 0; i < workers.length; i++) {
            byWorker.add(new ArrayList<>());
        }
        for (int i = 0; i < messages.size(); i++) {
            GroupMessage message = messages.get(i);
            byWorker.get((int) (message.groupId() % workers.length)).add(message);
        }
        for (int i = 0; i < workers.length; i++) {
            if (!byWorker.get(i).isEmpty()) {
                deliver(i, from, byWorker.get(i));
            }
        }
    }

    private void deliver(int worker, NodeId from, List<GroupMessage> messages) {
        if (!workers[worker].post(new Event.Incoming(from, messages))) {
            state.counters.dropped.add(messages.size());
        }
    }
}
