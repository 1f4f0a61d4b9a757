package io.flotilla.raft.host.shared;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The messages of one turn, by peer, in the order in which peers were first named. Belongs to one lane. */
public final class PeerOutbox {
    private final HostState state;
    private final Map<NodeId, List<GroupMessage>> byPeer = new LinkedHashMap<>();

    public PeerOutbox(HostState state) {
        this.state = state;
    }

    public void add(long groupId, List<Outbound> messages) {
        for (int i = 0; i < messages.size(); i++) {
            Outbound out = messages.get(i);
            List<GroupMessage> list = byPeer.get(out.to());
            if (list == null) {
                list = new ArrayList<>();
                byPeer.put(out.to(), list);
            }
            list.add(new GroupMessage(groupId, out.message()));
        }
    }

    /** One hand-over per peer. After the log failed nothing leaves any more. */
    public void flush() {
        if (byPeer.isEmpty()) {
            return;
        }
        if (!state.isDown()) {
            for (Map.Entry<NodeId, List<GroupMessage>> peer : byPeer.entrySet()) {
                state.counters.framesOut.increment();
                state.counters.messagesOut.add(peer.getValue().size());
                state.transport.send(peer.getKey(), peer.getValue());
            }
        }
        byPeer.clear();
    }
}
