package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.TestTime;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class RecordCallsTest {
    private static final NodeId SELF = new NodeId("n4");
    private static final Configuration CONFIGURATION = Configuration.newBuilder()
            .setNumber(1)
            .addNodes(Node.newBuilder().setId("n1").setAddress("n1:1"))
            .addNodes(Node.newBuilder().setId("n2").setAddress("n2:1"))
            .addNodes(Node.newBuilder().setId("n4").setAddress("n4:1"))
            .addControllerReplicas("n1")
            .addControllerReplicas("n2")
            .build();

    private final TestTime time = new TestTime();
    private final Lane lane = time.lane(new boolean[] {true});
    private final Others others = new Others();
    private final CreationRecords records = new CreationRecords();
    private final TreeSet<Long> unwanted = new TreeSet<>();
    private int learnt;
    private final AddressBook addresses = new AddressBook(SELF, "n4:1", new NoTransport());
    private final RecordCalls calls = new RecordCalls(
            SELF,
            lane,
            new PeerCalls(lane, others),
            addresses,
            () -> CONFIGURATION,
            records,
            group -> !unwanted.contains(group),
            () -> learnt++);

    /** n1 is down; n2 knows the groups below 1,000. Each answer takes ten milliseconds. */
    private final class Others implements Connector {
        int open;
        int mostOpen;
        int asked;

        @Override
        public Connection connect(String address, ConnectionHandler handler) {
            open++;
            mostOpen = Math.max(mostOpen, open);
            return new Connection() {
                private boolean closed;

                @Override
                public void send(ClientFrame frame) {
                    asked++;
                    if (address.equals("n1:1")) {
                        time.at(10_000_000, () -> end(handler));
                        return;
                    }
                    Request request = frame.getRequests(0);
                    long group = request.getCreationRecord().getGroup();
                    Response.Builder response = Response.newBuilder().setId(request.getId());
                    if (group < 1_000) {
                        response.setCreationRecord(CreationRecord.newBuilder().setGroup(group));
                    } else {
                        response.setRefusal(Refusal.newBuilder().setKind(Refusal.Kind.UNAVAILABLE));
                    }
                    time.at(
                            10_000_000,
                            () -> handler.onFrame(ServerFrame.newBuilder()
                                    .addResponses(response)
                                    .build()));
                }

                private void end(ConnectionHandler told) {
                    close();
                    told.onClosed("connection refused");
                }

                @Override
                public void close() {
                    if (!closed) {
                        closed = true;
                        open--;
                    }
                }
            };
        }

        @Override
        public void close() {}
    }

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

    @Test
    void allAreAskedForSomeAtATimeUntilEachIsKnown() {
        addresses.configured(CONFIGURATION);
        for (long group = 1; group <= 200; group++) {
            calls.fetch(group);
            calls.fetch(group);
        }
        time.runFor(120_000);
        for (long group = 1; group <= 200; group++) {
            assertThat(records.find(group)).as("%s", group).isNotNull();
        }
        assertThat(learnt).isEqualTo(200);
        assertThat(others.mostOpen).isEqualTo(RecordCalls.MOST_AT_A_TIME);
        int asked = others.asked;
        time.runFor(60_000);
        assertThat(others.asked).isEqualTo(asked);
    }

    @Test
    void whatNobodyKnowsIsAskedForNowAndThenUntilNobodyWantsIt() {
        addresses.configured(CONFIGURATION);
        calls.fetch(5_000);
        time.runFor(60_000);
        assertThat(learnt).isZero();
        assertThat(others.asked).isBetween(20, 60);
        unwanted.add(5_000L);
        time.runFor(5_000);
        int asked = others.asked;
        time.runFor(60_000);
        assertThat(others.asked).isEqualTo(asked);
    }
}
