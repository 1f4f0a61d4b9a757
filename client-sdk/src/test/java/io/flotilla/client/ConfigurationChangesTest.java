package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a client makes of a node that tells it changes instead of whole configurations. */
class ConfigurationChangesTest {
    private final ManualRuntime runtime = new ManualRuntime(1);
    private final OneNode node = new OneNode();
    private final AsyncFlotillaClient client = new AsyncFlotillaClient(ClientConfig.of("n1:1"), node, runtime);
    private final List<Configuration> heard = new ArrayList<>();

    /** Greets, and leaves all else to the test. */
    private static final class OneNode implements Connector {
        final List<Request> watches = new ArrayList<>();
        final List<Request> questions = new ArrayList<>();
        final List<Request> reads = new ArrayList<>();
        private ConnectionHandler client;

        @Override
        public Connection connect(String address, ConnectionHandler handler) {
            client = handler;
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    if (frame.hasHello()) {
                        client.onFrame(ServerFrame.newBuilder()
                                .setHello(HelloReply.newBuilder()
                                        .setProtocolVersion(frame.getHello().getProtocolVersion())
                                        .setNodeId("n1")
                                        .setFleetId("fleet")
                                        .setSessionWrites(1_000)
                                        .setSessionWindowMillis(60_000))
                                .build());
                    }
                    frame.getRequestsList().stream().filter(Request::hasWatch).forEach(watches::add);
                    frame.getRequestsList().stream()
                            .filter(Request::hasConfiguration)
                            .forEach(questions::add);
                    frame.getRequestsList().stream().filter(Request::hasRead).forEach(reads::add);
                }

                @Override
                public void close() {}
            };
        }

        /** Answers the last watch. */
        void tell(Response.Builder response) {
            answer(watches, response);
        }

        /** Answers the last of them. */
        void answer(List<Request> requests, Response.Builder response) {
            client.onFrame(ServerFrame.newBuilder()
                    .addResponses(
                            response.setId(requests.get(requests.size() - 1).getId()))
                    .build());
        }

        @Override
        public void close() {}
    }

    private static Configuration configuration(long number, String address) {
        return Configuration.newBuilder()
                .setNumber(number)
                .setFleetId("fleet")
                .addNodes(FakeFleet.node("n1", "n1:1"))
                .addNodes(FakeFleet.node("n2", address))
                .addGroups(FakeFleet.group(1))
                .addShards(FakeFleet.shard(1, "", "", 1, 1))
                .addControllerReplicas("n1")
                .build();
    }

    private static ConfigurationDelta delta(Configuration from, Configuration to) {
        return ConfigurationDeltas.between(from, to);
    }

    private void told(Response.Builder response) {
        node.tell(response);
        runtime.runForMillis(5);
    }

    private void start() {
        client.onConfiguration(heard::add);
        runtime.runForMillis(5);
        assertThat(node.watches).hasSize(1);
        assertThat(node.watches.get(0).getWatch().getAbove()).isZero();
    }

    @Test
    void changesThatFitAreTakenAndThoseOfThePastIgnored() {
        Configuration one = configuration(1, "n2:1");
        Configuration two = configuration(2, "n2:2");
        Configuration five = configuration(5, "n2:5");
        start();
        told(Response.newBuilder().setConfiguration(one));
        told(Response.newBuilder().setConfigurationDelta(delta(one, two)));
        told(Response.newBuilder().setConfigurationDelta(delta(one, two)));
        told(Response.newBuilder().setConfigurationDelta(delta(two, five)));
        assertThat(heard).containsExactly(one, two, five);
        assertThat(node.watches).hasSize(1);
    }

    @Test
    void changesThatDoNotFitMakeItAskForTheWhole() {
        Configuration one = configuration(1, "n2:1");
        Configuration two = configuration(2, "n2:2");
        Configuration three = configuration(3, "n2:3");
        start();
        told(Response.newBuilder().setConfiguration(one));
        told(Response.newBuilder().setConfigurationDelta(delta(two, three)));
        assertThat(node.watches).hasSize(2);
        assertThat(node.watches.get(1).getWatch().getAbove()).as("whole").isZero();
        assertThat(heard).containsExactly(one);
        told(Response.newBuilder().setConfiguration(three));
        assertThat(heard).containsExactly(one, three);
        ConfigurationDelta senseless = delta(three, configuration(4, "n2:4")).toBuilder()
                .addShards(FakeFleet.shard(1, "", "m", 1, 2))
                .build();
        told(Response.newBuilder().setConfigurationDelta(senseless));
        assertThat(node.watches).hasSize(3);
        assertThat(heard).hasSize(2);
        assertThat(heard.get(1).getShards(0).getEnd()).isEqualTo(ByteString.EMPTY);
    }

    @Test
    void changesThatBeginBeforeWhatItHasMakeItAskFromThere() {
        Configuration one = configuration(1, "n2:1");
        Configuration two = configuration(2, "n2:2");
        Configuration three = configuration(3, "n2:3");
        start();
        told(Response.newBuilder().setConfiguration(one));
        told(Response.newBuilder().setConfigurationDelta(delta(one, two)));
        told(Response.newBuilder().setConfigurationDelta(delta(one, three)));
        assertThat(node.watches).hasSize(2);
        assertThat(node.watches.get(1).getWatch().getAbove()).isEqualTo(2);
        told(Response.newBuilder().setConfigurationDelta(delta(two, three)));
        assertThat(heard).containsExactly(one, two, three);
    }

    /** Asked again for the same it would say the same. */
    @Test
    void changesWithoutSenseAreAskedForOnce() {
        Configuration one = configuration(1, "n2:1");
        Configuration two = configuration(2, "n2:2");
        start();
        told(Response.newBuilder().setConfiguration(one));
        client.get("a".getBytes(StandardCharsets.UTF_8));
        runtime.runForMillis(5);
        assertThat(node.reads).hasSize(1);
        node.answer(
                node.reads,
                Response.newBuilder()
                        .setRefusal(Refusal.newBuilder()
                                .setKind(Refusal.Kind.BUSY)
                                .setRetryAfterMillis(60_000)
                                .setConfigurationNumber(2)));
        runtime.runForMillis(5);
        assertThat(node.questions).hasSize(1);
        assertThat(node.questions.get(0).getConfiguration().getHave()).isEqualTo(1);
        node.answer(
                node.questions,
                Response.newBuilder()
                        .setConfigurationDelta(
                                delta(one, two).toBuilder().addShards(FakeFleet.shard(1, "", "m", 1, 2))));
        runtime.runForMillis(5);
        assertThat(node.questions).hasSize(2);
        assertThat(node.questions.get(1).getConfiguration().getHave())
                .as("whole")
                .isZero();
        node.answer(node.questions, Response.newBuilder().setConfiguration(two));
        runtime.runForMillis(5);
        assertThat(heard).containsExactly(one, two);
        assertThat(node.questions).hasSize(2);
    }
}
