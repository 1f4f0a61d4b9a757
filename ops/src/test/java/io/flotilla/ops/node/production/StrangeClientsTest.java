package io.flotilla.ops.node.production;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.raft.core.NodeId;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Whatever comes on clients' streams, and however they end: what they took of the node is given back. */
@Timeout(120)
class StrangeClientsTest {
    private static final long MEMORY = 64L << 20;
    /** More than the node has places for. */
    private static final int TIMES = 300;

    @TempDir
    Path data;

    private final Queue<ILoggingEvent> lines = new ConcurrentLinkedQueue<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final java.util.logging.Handler javaLog = new java.util.logging.Handler() {
        @Override
        public void publish(java.util.logging.LogRecord said) {
            // of a frame that is too large: a node's log leaves these out
            boolean isLeftOut = String.valueOf(said.getLoggerName()).endsWith("NettyServerStream");
            if (said.getThrown() != null && !isLeftOut) {
                javaLines.add(said.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private final Queue<String> javaLines = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> log = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event);
        }
    };
    private NodeServer node;
    private String address;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        log.start();
        root.addAppender(log);
        java.util.logging.Logger.getLogger("").addHandler(javaLog);
        address = freeAddress();
        TreeMap<NodeId, String> seeds = new TreeMap<>();
        NodeId id = new NodeId("n1");
        seeds.put(id, address);
        CompletableFuture<Void> ready = new CompletableFuture<>();
        NodeLimits limits = new NodeLimits(
                MEMORY, NodeLimits.DISK_TIMEOUT, NodeLimits.LOG_BYTES, 0, NodeLimits.TRANSFER_BYTES_PER_SECOND);
        node = new NodeServer(
                new NodeServerConfig(id, data.resolve("n1"), address, "", seeds, 1, 1, limits), new NodeListener() {
                    @Override
                    public void ready() {
                        ready.complete(null);
                    }

                    @Override
                    public void failed(NodeFailure failure) {
                        ready.completeExceptionally(new AssertionError(failure.message()));
                    }
                });
        node.start();
        ready.get(60, TimeUnit.SECONDS);
        channel = channel();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        node.close();
        root.detachAppender(log);
        java.util.logging.Logger.getLogger("").removeHandler(javaLog);
    }

    private static String freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    private ManagedChannel channel() {
        return NettyChannelBuilder.forTarget("dns:///" + address)
                .usePlaintext()
                .proxyDetector(target -> null)
                .build();
    }

    /** A client's stream, by hand. */
    private static final class Raw extends ClientCall.Listener<ServerFrame> {
        final ClientCall<byte[], ServerFrame> call;
        final CompletableFuture<ServerFrame> answer = new CompletableFuture<>();
        final CompletableFuture<Status> end = new CompletableFuture<>();

        Raw(ManagedChannel to) {
            call = to.newCall(
                    FleetGrpc.getStreamMethod().toBuilder(
                                    BYTES, FleetGrpc.getStreamMethod().getResponseMarshaller())
                            .build(),
                    CallOptions.DEFAULT);
            call.start(this, new Metadata());
            call.request(10);
        }

        @Override
        public void onMessage(ServerFrame frame) {
            answer.complete(frame);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            end.complete(status);
        }

        Status ended() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }

        void hello(int version) {
            call.sendMessage(ClientFrame.newBuilder()
                    .setHello(Hello.newBuilder().setProtocolVersion(version).setOldestProtocolVersion(version))
                    .build()
                    .toByteArray());
        }
    }

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            throw new AssertionError("not asked for");
        }
    };

    private static final byte[] NO_FRAME = {(byte) 0xff, (byte) 0xff, 1, 2, 3};

    private interface Way {
        void end(Raw raw) throws Exception;
    }

    private void manyTimes(Way way) throws Exception {
        for (int i = 0; i < TIMES; i++) {
            way.end(new Raw(channel));
        }
        awaitNothingHeld();
        try (FlotillaClient client =
                FlotillaClient.connect(ClientConfig.of(address).withTimeout(Duration.ofSeconds(20)))) {
            client.put("k".getBytes(UTF_8), "v".getBytes(UTF_8));
        }
        awaitNothingHeld();
        assertThat(javaLines).as("stack traces").isEmpty();
        assertThat(lines).as("stack traces").noneMatch(line -> line.getThrowableProxy() != null);
        assertThat(lines.stream().filter(line -> line.getFormattedMessage().contains("client's stream")))
                .as("lines about so many streams")
                .hasSizeLessThanOrEqualTo(30);
    }

    private void awaitNothingHeld() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!node.held().isEmpty()) {
            assertThat(System.nanoTime()).as("held: %s", node.held()).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void framesThatAreNoFramesEndTheirStreamInOneLine() throws Exception {
        manyTimes(raw -> {
            raw.call.sendMessage(NO_FRAME);
            assertThat(raw.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(raw.ended().getDescription())
                    .contains("no frame of a client")
                    .doesNotContain("\n");
        });
    }

    @Test
    void framesThatAreNoFramesAfterAGoodOne() throws Exception {
        manyTimes(raw -> {
            raw.hello(2);
            assertThat(raw.answer.get(20, TimeUnit.SECONDS).getHello().getError())
                    .isEmpty();
            raw.call.sendMessage(NO_FRAME);
            assertThat(raw.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        });
    }

    @Test
    void clientsOfAnotherVersion() throws Exception {
        manyTimes(raw -> {
            raw.hello(77);
            assertThat(raw.answer.get(20, TimeUnit.SECONDS).getHello().getError())
                    .contains("77");
            raw.ended();
        });
    }

    @Test
    void framesThatAreTooLarge() throws Exception {
        byte[] large = new byte[9 << 20];
        manyTimes(raw -> {
            raw.hello(2);
            raw.call.sendMessage(large);
            assertThat(raw.ended().isOk()).isFalse();
        });
    }

    @Test
    void clientsThatSayNothingAndGo() throws Exception {
        List<Raw> some = new ArrayList<>();
        manyTimes(raw -> {
            some.add(raw);
            if (some.size() % 3 == 0) {
                raw.call.halfClose();
                raw.ended();
            } else {
                raw.call.cancel("gone", null);
            }
        });
    }

    @Test
    void connectionsThatBreak() throws Exception {
        for (int i = 0; i < 20; i++) {
            ManagedChannel one = channel();
            List<Raw> some = new ArrayList<>();
            for (int j = 0; j < 20; j++) {
                Raw raw = new Raw(one);
                raw.hello(2);
                some.add(raw);
            }
            for (Raw raw : some) {
                raw.answer.get(20, TimeUnit.SECONDS);
            }
            one.shutdownNow();
        }
        awaitNothingHeld();
    }
}
