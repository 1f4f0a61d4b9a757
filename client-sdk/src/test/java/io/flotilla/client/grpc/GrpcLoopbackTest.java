package io.flotilla.client.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.WriteRequest;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The blocking client over real sockets, against a toy node that holds everything. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class GrpcLoopbackTest {
    /** Nothing here is about time: a machine with other work may take long. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final ToyNode toy = new ToyNode();
    private Server server;
    private String address;

    @BeforeEach
    void start() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .directExecutor()
                .maxInboundMessageSize(16 << 20)
                .addService(toy)
                .build()
                .start();
        address = "127.0.0.1:" + server.getPort();
        toy.address = address;
    }

    @AfterEach
    void stop() throws InterruptedException {
        server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
    }

    @Test
    void putAndGet() {
        try (FlotillaClient client = FlotillaClient.connect(address)) {
            client.put("greeting", "hello");
            assertThat(client.get("greeting").orElseThrow().text()).isEqualTo("hello");
            assertThat(client.get("nothing")).isEmpty();
        }
    }

    @Test
    void largeValuesAndManyAtOnce() {
        // 20 MiB, read by one thread of the toy: how long that takes is the machine's affair
        ClientConfig config = ClientConfig.of(address).withTimeout(PATIENCE);
        try (FlotillaClient client = FlotillaClient.connect(config)) {
            byte[] large = new byte[1 << 20];
            large[12345] = 7;
            List<CompletableFuture<Long>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(client.async().put(new byte[] {(byte) i}, large));
            }
            for (int i = 0; i < 20_000; i++) {
                all.add(client.async().put(("k" + i).getBytes(java.nio.charset.StandardCharsets.UTF_8), new byte[10]));
            }
            all.forEach(CompletableFuture::join);
            assertThat(client.get(new byte[] {3}).orElseThrow().value()).isEqualTo(large);
            assertThat(toy.store).hasSize(20_020);
        }
    }

    /** What waits for a node that does not read is bounded; one frame given many times takes no memory here. */
    @Test
    void aNodeThatDoesNotReadLosesTheStreamAtTheBound() throws Exception {
        toy.reads = false;
        CompletableFuture<String> closed = new CompletableFuture<>();
        ClientFrame frame = ClientFrame.newBuilder()
                .addRequests(Request.newBuilder()
                        .setWrite(WriteRequest.newBuilder()
                                .setMutation(Mutation.newBuilder()
                                        .setPut(Put.newBuilder().setValue(ByteString.copyFrom(new byte[1 << 20]))))))
                .build();
        long room = GrpcConnector.QUEUE_BYTES / frame.getSerializedSize();
        try (GrpcConnector connector = new GrpcConnector()) {
            Connection connection = connector.connect(address, new ConnectionHandler() {
                @Override
                public void onFrame(ServerFrame received) {}

                @Override
                public void onClosed(String reason) {
                    closed.complete(reason);
                }
            });
            for (long sent = 0; sent < room; sent++) {
                connection.send(frame);
            }
            assertThat(closed).isNotDone();
            for (long sent = 0; sent < room && !closed.isDone(); sent++) {
                connection.send(frame);
            }
            assertThat(closed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).contains("does not read", "256 MiB");
        }
    }

    @Test
    void nobodyThereIsRefusedWithTheReason() throws InterruptedException {
        server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
        Throwable failure = null;
        // as long as nobody has refused the connection there is nothing to tell
        for (long millis = 300; failure == null || !failure.getMessage().contains("refused"); millis *= 2) {
            ClientConfig config = ClientConfig.of(address).withTimeout(Duration.ofMillis(millis));
            try (FlotillaClient client = FlotillaClient.connect(config)) {
                failure = catchThrowable(() -> client.put("a", "b"));
            }
            assertThat(failure)
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            refused -> assertThat(refused.reason())
                                    .isEqualTo(RefusedException.Reason.TIMEOUT_BEFORE_SEND));
            assertThat(millis).as("%s", failure).isLessThan(PATIENCE.toMillis());
        }
        assertThat(failure).hasMessageContaining(address);
    }

    @Test
    void aServerThatDiesUnderAWriteLeavesItIndeterminate() throws Exception {
        toy.deaf = true;
        // the write is not known to be lost before its time is over; on a busy machine it may not even be sent before
        // that
        for (long seconds = 5; !toy.heard.isDone(); seconds *= 2) {
            assertThat(seconds).isLessThan(PATIENCE.toSeconds());
            ClientConfig config = ClientConfig.of(address).withTimeout(Duration.ofSeconds(seconds));
            try (FlotillaClient client = FlotillaClient.connect(config)) {
                CompletableFuture<Long> put = client.async().put(new byte[] {1}, new byte[] {2});
                CompletableFuture.anyOf(toy.heard, put.handle((version, failure) -> version))
                        .join();
                if (toy.heard.isDone()) {
                    server.shutdownNow();
                    assertThatThrownBy(put::join).hasCauseInstanceOf(IndeterminateException.class);
                }
            }
        }
    }

    @Test
    void closeRefusesWhatComesAfter() {
        FlotillaClient client = FlotillaClient.connect(address);
        client.put("a", "b");
        client.close();
        assertThatThrownBy(() -> client.get("a"))
                .isInstanceOfSatisfying(
                        RefusedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(RefusedException.Reason.CLOSED));
        client.close();
    }

    @Test
    void anUnreachableAddressClosesQuicklyAndOnce() {
        GrpcConnector connector = new GrpcConnector();
        List<String> reasons = new ArrayList<>();
        CompletableFuture<String> closed = new CompletableFuture<>();
        Connection connection = connector.connect("127.0.0.1:1", new ConnectionHandler() {
            @Override
            public void onFrame(ServerFrame frame) {
                throw new AssertionError(frame);
            }

            @Override
            public void onClosed(String reason) {
                reasons.add(reason);
                closed.complete(reason);
            }
        });
        connection.send(ClientFrame.getDefaultInstance());
        assertThat(closed.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join())
                .contains("refused");
        connection.close();
        connector.close();
        assertThat(reasons).hasSize(1);
    }
}
