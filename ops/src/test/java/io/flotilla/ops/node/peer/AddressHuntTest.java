package io.flotilla.ops.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** What is made of somebody's word on where a node is. */
class AddressHuntTest {
    private static final NodeId PEER = new NodeId("n3");
    private static final String FLEET = "fleet";

    private final TestTime time = new TestTime();
    private final Lane lane = time.lane(new boolean[] {true});
    /** Who answers where; nobody at all other addresses. */
    private final SortedMap<String, FoundingReply> answers = new TreeMap<>();

    private final List<String> dialled = new ArrayList<>();
    private final AddressBook book = new AddressBook(new NodeId("n2"), "n2:1", new NoTransport());
    private final AddressHunt hunt =
            new AddressHunt(new NodeId("n2"), FLEET, new TreeMap<>(), lane, new PeerCalls(lane, new World()), book);

    private static final class NoTransport implements Transport {
        @Override
        public void start(
                NodeStart self,
                LongSupplier durableBatch,
                Function<NodeId, PeerRecord> known,
                TransportReceiver receiver) {}

        @Override
        public void setAddress(NodeId node, String address) {}

        @Override
        public void send(NodeId to, List<GroupMessage> messages) {}

        @Override
        public void send(NodeId to, NodeMessage message) {}

        @Override
        public void sendBulk(NodeId to, BulkMessage message) {}

        @Override
        public void close() {}
    }

    private final class World implements Connector {
        @Override
        public Connection connect(String address, ConnectionHandler handler) {
            dialled.add(address);
            FoundingReply reply = answers.get(address);
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    if (reply == null) {
                        handler.onClosed("connection refused");
                    } else {
                        handler.onFrame(ServerFrame.newBuilder()
                                .addResponses(Response.newBuilder().setId(1).setFounding(reply))
                                .build());
                    }
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {}
    }

    private static FoundingReply reply(String node, String fleet) {
        return FoundingReply.newBuilder().setNodeId(node).setFleetId(fleet).build();
    }

    private void peerIsAt(String address) {
        book.configured(List.of(
                Node.newBuilder().setId(PEER.value()).setAddress(address).build()));
    }

    private boolean isProven(String address) {
        List<Boolean> verdicts = new ArrayList<>();
        hunt.prove(PEER, address, verdicts::add);
        time.runFor(10_000);
        assertThat(verdicts).hasSize(1);
        return verdicts.get(0);
    }

    @Test
    void aNodeIsWhereItAnswersAndNoMoreWhereItWas() {
        peerIsAt("n3:1");
        assertThat(isProven("n3:1")).as("as it is known").isTrue();
        assertThat(dialled).isEmpty();
        assertThat(isProven("n3:2")).as("nobody is there").isFalse();
        answers.put("n3:2", reply("n4", FLEET));
        assertThat(isProven("n3:2")).as("another node is there").isFalse();
        answers.put("n3:2", reply("n3", "other"));
        assertThat(isProven("n3:2")).as("one of another fleet is there").isFalse();
        answers.put("n3:2", reply("n3", FLEET));
        assertThat(isProven("n3:2")).isTrue();
        answers.put("n3:1", reply("n3", FLEET));
        assertThat(isProven("n3:2")).as("it is still where it was").isFalse();
    }

    @Test
    void aFalseWordCutsNobodyOff() {
        peerIsAt("n3:1");
        answers.put("n3:1", reply("n3", FLEET));
        answers.put("false:1", reply("n3", FLEET));
        hunt.suspect(PEER, "false:1");
        time.runFor(10_000);
        assertThat(book.addressOf(PEER)).isEqualTo("n3:1");
        answers.remove("n3:1");
        answers.put("n3:2", reply("n3", FLEET));
        hunt.suspect(PEER, "n3:2");
        time.runFor(10_000);
        assertThat(book.addressOf(PEER)).isEqualTo("n3:2");
    }

    @Test
    void manyWordsMakeOneQuestion() {
        peerIsAt("n3:1");
        for (int i = 0; i < 1_000; i++) {
            hunt.suspect(PEER, "false:" + i);
        }
        time.runFor(10_000);
        assertThat(dialled).hasSizeLessThanOrEqualTo(2);
        hunt.close();
        hunt.suspect(PEER, "false:1");
        assertThat(dialled).hasSizeLessThanOrEqualTo(2);
    }
}
