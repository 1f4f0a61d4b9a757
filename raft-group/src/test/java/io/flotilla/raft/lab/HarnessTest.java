package io.flotilla.raft.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The labs' tests of their own network, on the simulated one: a call is a request and its answer. */
class HarnessTest {
    private static final long MILLI = 1_000_000;
    private static final NodeId SERVER = new NodeId("server");

    private final SimScheduler scheduler = new SimScheduler(1);
    private final Net net = new Net(scheduler);

    /** A server that answers each request with its number, and clients that note the answers. */
    private static final class Net {
        final SimScheduler scheduler;
        final SimNetwork network;
        final LabWires wires;
        final SplittableRandom random;
        final List<Long> handled = new ArrayList<>();
        SimRuntime server;

        Net(SimScheduler scheduler) {
            this.scheduler = scheduler;
            this.network = new SimNetwork(scheduler);
            this.wires = new LabWires(scheduler.randomStream());
            this.random = scheduler.randomStream();
            network.setCarrier(wires);
            startServer();
        }

        void startServer() {
            server = new SimRuntime(scheduler, SERVER.value(), random.split(), 0, 0);
            SimTransport transport = new SimTransport(network, server, SERVER, "server:1");
            transport.start(new NodeStart(1, 1, 0), () -> 0, peer -> PeerRecord.NONE, new TransportReceiver() {
                @Override
                public void receive(NodeId from, List<GroupMessage> messages) {
                    for (GroupMessage message : messages) {
                        long number = message.message().term();
                        handled.add(number);
                        transport.setAddress(from, from + ":1");
                        transport.send(from, List.of(new GroupMessage(0, new Message.HeartbeatReply(number, 0))));
                    }
                }

                @Override
                public void receiveBulk(NodeId from, BulkMessage message) {}
            });
        }

        Client client(String name) {
            return new Client(this, name);
        }
    }

    private static final class Client {
        final Net net;
        final NodeId id;
        final SimTransport transport;
        final List<Long> answers = new ArrayList<>();

        Client(Net net, String name) {
            this.net = net;
            this.id = new NodeId(name);
            SimRuntime runtime = new SimRuntime(net.scheduler, name, net.random.split(), 0, 0);
            transport = new SimTransport(net.network, runtime, id, name + ":1");
            transport.setAddress(SERVER, "server:1");
            transport.start(new NodeStart(1, 1, 0), () -> 0, peer -> PeerRecord.NONE, new TransportReceiver() {
                @Override
                public void receive(NodeId from, List<GroupMessage> messages) {
                    messages.forEach(message -> answers.add(message.message().term()));
                }

                @Override
                public void receiveBulk(NodeId from, BulkMessage message) {}
            });
        }

        static GroupMessage request(long number) {
            return new GroupMessage(0, new Message.Heartbeat(number, 0, 0));
        }

        void call(long number) {
            transport.send(SERVER, List.of(request(number)));
        }

        void disable() {
            net.network.cut(id.value(), SERVER.value());
            net.network.cut(SERVER.value(), id.value());
        }

        void enable() {
            net.network.heal(id.value(), SERVER.value());
            net.network.heal(SERVER.value(), id.value());
        }
    }

    private void run(long millis) {
        scheduler.runUntil(scheduler.now() + millis * MILLI);
    }

    @Test
    @DisplayName("Disconnect: a call on a cut connection is not answered; healed, the next one is")
    void disconnect() {
        Client client = net.client("c");
        client.disable();
        client.call(1);
        run(1_000);
        assertThat(client.answers).isEmpty();
        client.enable();
        client.call(2);
        run(1_000);
        assertThat(client.answers).containsExactly(2L);
    }

    @Test
    @DisplayName("Counts and Bytes: requests and bytes are counted exactly")
    void countsAndBytes() {
        Client client = net.client("c");
        long expected = 0;
        for (long number = 1; number <= 17; number++) {
            client.call(number);
            expected += MessageCodec.FRAME_HEADER + MessageCodec.size(Client.request(number));
            expected += MessageCodec.FRAME_HEADER
                    + MessageCodec.size(new GroupMessage(0, new Message.HeartbeatReply(number, 0)));
        }
        run(1_000);
        assertThat(net.wires.requests()).isEqualTo(17);
        assertThat(net.wires.bytes()).isEqualTo(expected);
    }

    @Test
    @DisplayName("ConcurrentMany: every call of many clients is handled once and answered to the one who made it")
    void concurrentMany() {
        List<Client> clients = new ArrayList<>();
        for (int c = 0; c < 20; c++) {
            Client client = net.client("c" + c);
            clients.add(client);
            for (int i = 0; i < 10; i++) {
                client.call(100 * c + i);
            }
        }
        run(1_000);
        for (int c = 0; c < 20; c++) {
            int first = 100 * c;
            assertThat(clients.get(c).answers)
                    .hasSize(10)
                    .doesNotHaveDuplicates()
                    .allMatch(number -> number >= first && number < first + 10);
        }
        assertThat(net.handled).hasSize(200).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("Unreliable: some calls fail, some though they were handled, most don't")
    void unreliable() {
        net.wires.setUnreliable(true);
        Client client = net.client("c");
        for (long number = 0; number < 1_000; number++) {
            client.call(number);
        }
        run(1_000);
        assertThat(client.answers.size()).isBetween(740, 880);
        assertThat(net.handled.size()).isBetween(860, 940).isGreaterThan(client.answers.size());
    }

    @Test
    @DisplayName("Regression1: calls to a server that is reachable again don't wait behind those that are lost")
    void enabledAgain() {
        Client client = net.client("c");
        client.disable();
        for (long number = 0; number < 20; number++) {
            client.call(number);
        }
        run(200);
        client.enable();
        client.call(100);
        run(1);
        assertThat(client.answers).containsExactly(100L);
        assertThat(net.handled).containsExactly(100L);
    }

    @Test
    @DisplayName("Killed: a server that is killed answers nothing any more; a new one in its place does")
    void killed() {
        net.wires.setUnreliable(true);
        Client client = net.client("c");
        for (long number = 0; number < 100; number++) {
            client.call(number);
        }
        run(10);
        net.server.kill();
        int handled = net.handled.size();
        run(1_000);
        assertThat(handled).isBetween(10, 90);
        assertThat(net.handled).hasSize(handled);
        net.wires.setUnreliable(false);
        net.startServer();
        client.call(1_000);
        run(10);
        assertThat(client.answers).contains(1_000L);
    }

    @Test
    @DisplayName("LongDelayRace: with long reordering two answers in three are late, in another order, none twice")
    void longDelays() {
        net.wires.setLongReordering(true);
        Client client = net.client("c");
        for (long number = 0; number < 900; number++) {
            client.call(number);
        }
        run(150);
        assertThat(client.answers.size()).as("answered at once").isBetween(240, 360);
        run(2_200);
        assertThat(client.answers).hasSize(900).doesNotHaveDuplicates();
        List<Long> late = client.answers.subList(400, 900);
        assertThat(late).isNotEqualTo(late.stream().sorted().toList());
    }

    @Test
    @DisplayName("The order of deliveries is a function of the seed alone")
    void orderFollowsFromTheSeed() {
        assertThat(order(7)).isEqualTo(order(7)).isNotEqualTo(order(8));
    }

    private static List<Long> order(long seed) {
        SimScheduler scheduler = new SimScheduler(seed);
        Net net = new Net(scheduler);
        net.wires.setUnreliable(true);
        net.wires.setLongReordering(true);
        Client client = net.client("c");
        for (long number = 0; number < 200; number++) {
            client.call(number);
        }
        scheduler.runUntil(3_000 * MILLI);
        return client.answers;
    }
}
