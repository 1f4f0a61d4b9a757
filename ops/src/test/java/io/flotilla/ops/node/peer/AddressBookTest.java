package io.flotilla.ops.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Node;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** Whose word on a node's address counts. */
class AddressBookTest {
    private static final NodeId PEER = new NodeId("n3");

    private final List<String> told = new ArrayList<>();
    private final AddressBook book = new AddressBook(new NodeId("n2"), "n2:1", new Transport() {
        @Override
        public void start(
                NodeStart self,
                LongSupplier durableBatch,
                Function<NodeId, PeerRecord> known,
                TransportReceiver receiver) {}

        @Override
        public void setAddress(NodeId node, String address) {
            told.add(node + " " + address);
        }

        @Override
        public void send(NodeId to, List<GroupMessage> messages) {}

        @Override
        public void send(NodeId to, NodeMessage message) {}

        @Override
        public void sendBulk(NodeId to, BulkMessage message) {}

        @Override
        public void close() {}
    });

    private static List<Node> peerAt(String address) {
        return List.of(Node.newBuilder().setId(PEER.value()).setAddress(address).build());
    }

    @Test
    void aMoveThatIsToldLateNamesWhatTheNodeSaidItself() {
        assertThat(book.configured(peerAt("n3:1"))).isEmpty();
        book.found(PEER, "n3:3");
        assertThat(book.configured(peerAt("n3:2"))).containsOnlyKeys(PEER).containsEntry(PEER, "n3:3");
        assertThat(book.addressOf(PEER)).isEqualTo("n3:2");
        book.found(PEER, "n3:3");
        assertThat(book.configured(peerAt("n3:2"))).as("told again").isEmpty();
        assertThat(book.addressOf(PEER)).isEqualTo("n3:3");
        assertThat(book.configured(peerAt("n3:3"))).as("it agrees").isEmpty();
        assertThat(told).containsExactly("n3 n3:1", "n3 n3:3", "n3 n3:2", "n3 n3:3", "n3 n3:3");
    }
}
