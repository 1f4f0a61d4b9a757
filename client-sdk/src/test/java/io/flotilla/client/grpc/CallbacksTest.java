package io.flotilla.client.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.RefusedException;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a program does in its callbacks holds up nobody else, whatever it is. */
@Timeout(120)
final class CallbacksTest {
    private static final byte[] KEY = "k".getBytes(UTF_8);
    private static final byte[] VALUE = "v".getBytes(UTF_8);

    private final ToyNode toy = new ToyNode();
    private final CountDownLatch released = new CountDownLatch(1);
    private Server server;
    private FlotillaClient client;

    @BeforeEach
    void start() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .directExecutor()
                .addService(toy)
                .build()
                .start();
        toy.address = "127.0.0.1:" + server.getPort();
        client = FlotillaClient.connect(ClientConfig.of(toy.address).withTimeout(Duration.ofSeconds(30)));
    }

    @AfterEach
    void stop() throws InterruptedException {
        released.countDown();
        client.close();
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }

    private void block() {
        try {
            released.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static <T> T soon(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aBlockingCallInACallbackIsAnswered() throws Exception {
        AsyncFlotillaClient async = client.async();
        assertThat((Object) soon(async.put(KEY, VALUE)
                        .thenApply(version -> client.get(KEY).orElseThrow().text())))
                .isEqualTo("v");
        assertThat((Object) soon(async.get(KEY)
                        .thenApply(value -> async.get(KEY).join().orElseThrow().text())))
                .isEqualTo("v");
        assertThat((Object) soon(async.get(KEY)
                        .thenApply(value -> async.get(KEY)
                                .thenApply(inner -> async.get(KEY).join().orElseThrow())
                                .thenApply(
                                        inner -> client.get(KEY).orElseThrow().text())
                                .join())))
                .isEqualTo("v");
        // no future of the client's, so nobody tells it that a callback waits
        assertThat((Object) soon(async.get(KEY).thenApply(value -> {
                    CompletableFuture.allOf(async.put(KEY, VALUE), async.get(KEY))
                            .join();
                    return client.get(KEY).orElseThrow().text();
                })))
                .isEqualTo("v");
        assertThat((Object) soon(CompletableFuture.completedFuture("other")
                        .thenCombine(
                                async.get(KEY),
                                (other, value) -> client.get(KEY).orElseThrow().text())))
                .isEqualTo("v");
    }

    @Test
    void othersGoOnWhileACallbackBlocks() throws Exception {
        CompletableFuture<Void> blocked = client.async().put(KEY, VALUE).thenRun(this::block);

        for (int i = 0; i < 100; i++) {
            client.put("k" + i, "v");
            assertThat(client.get("k" + i)).isPresent();
        }
        AtomicInteger told = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(client.async().get(KEY).thenAccept(value -> told.incrementAndGet()));
        }
        for (CompletableFuture<Void> each : all) {
            soon(each);
        }
        assertThat(told).hasValue(1_000);
        assertThat(blocked).isNotDone();
        released.countDown();
        soon(blocked);
    }

    @Test
    void timeoutsFireWhileACallbackBlocks() throws Exception {
        client.put(KEY, VALUE);
        CompletableFuture<Void> entered = new CompletableFuture<>();
        client.async().get(KEY).thenRun(() -> {
            entered.complete(null);
            block();
        });
        soon(entered);
        toy.deaf = true;

        CompletableFuture<String> late = client.async()
                .put(KEY, VALUE, Duration.ofMillis(300))
                .handle((version, failed) -> failed.getClass().getSimpleName());

        assertThat((Object) soon(late)).isEqualTo("IndeterminateException");
    }

    /** Each would have to wait for a result that would be told after it. */
    @Test
    void moreCallbacksThanMayWaitAreToldSoAtOnce() throws Exception {
        AtomicInteger waited = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        client.put(KEY, VALUE);
        for (int i = 0; i < 2_000; i++) {
            all.add(client.async().get(KEY).thenAccept(value -> {
                try {
                    client.async().get(KEY).join();
                    waited.incrementAndGet();
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining("callbacks of the client wait already");
                    refused.incrementAndGet();
                }
            }));
        }
        for (CompletableFuture<Void> each : all) {
            soon(each);
        }
        assertThat(waited.get() + refused.get()).isEqualTo(2_000);
        assertThat(waited).hasPositiveValue();
        assertThat(client.get(KEY)).isPresent();
    }

    @Test
    void aListenerThatBlocksHoldsUpNobody() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        client.async().onConfiguration(configuration -> {
            told.countDown();
            block();
        });
        assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();

        client.put(KEY, VALUE);
        assertThat((Object) soon(client.async()
                        .get(KEY)
                        .thenApply(value -> client.get(KEY).isPresent())))
                .isEqualTo(true);
    }

    @Test
    void theClientCanBeClosedInACallbackAndUnderOneThatBlocks() throws Exception {
        FlotillaClient other = FlotillaClient.connect(toy.address);
        CompletableFuture<Void> closed = other.async().put(KEY, VALUE).thenRun(other::close);
        soon(closed);
        assertThatThrownBy(() -> other.get(KEY)).isInstanceOf(RefusedException.class);

        FlotillaClient third = FlotillaClient.connect(toy.address);
        CompletableFuture<Void> blocked = third.async().put(KEY, VALUE).thenRun(this::block);
        CompletableFuture<Long> behind = new CompletableFuture<>();
        third.get(KEY);
        toy.deaf = true;
        third.async().put(KEY, VALUE).whenComplete((version, failed) -> behind.completeExceptionally(failed));
        soon(toy.heard);
        third.close();
        assertThatThrownBy(() -> soon(behind)).isNotNull();
        assertThat(blocked).isNotDone();
    }

    @Test
    void aCallbackThatFailsIsItsFuturesFailureAlone() throws Exception {
        CompletableFuture<Void> failing = client.async().put(KEY, VALUE).thenRun(() -> {
            throw new AssertionError("of the program");
        });
        assertThatThrownBy(failing::join).isInstanceOf(CompletionException.class);
        assertThat((Object) soon(client.async().get(KEY).thenApply(value -> "told")))
                .isEqualTo("told");
    }
}
