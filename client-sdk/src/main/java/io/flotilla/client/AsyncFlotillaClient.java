package io.flotilla.client;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The client of a fleet, without blocking. */
public final class AsyncFlotillaClient implements AutoCloseable {
    private final ClientConfig config;

    public AsyncFlotillaClient(ClientConfig config, Connector connector, ClientRuntime runtime) {
        this.config = Objects.requireNonNull(config);
        Objects.requireNonNull(connector);
        Objects.requireNonNull(runtime);
    }

    public CompletableFuture<Optional<VersionedValue>> get(byte[] key) {
        return get(key, config.timeout());
    }

    public CompletableFuture<Optional<VersionedValue>> get(byte[] key, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<List<Optional<VersionedValue>>> multiGet(List<byte[]> keys) {
        return multiGet(keys, config.timeout());
    }

    public CompletableFuture<List<Optional<VersionedValue>>> multiGet(List<byte[]> keys, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Long> put(byte[] key, byte[] value) {
        return put(key, value, config.timeout());
    }

    public CompletableFuture<Long> put(byte[] key, byte[] value, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Boolean> delete(byte[] key) {
        return delete(key, config.timeout());
    }

    public CompletableFuture<Boolean> delete(byte[] key, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Long> append(byte[] key, byte[] suffix) {
        return append(key, suffix, config.timeout());
    }

    public CompletableFuture<Long> append(byte[] key, byte[] suffix, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Long> increment(byte[] key, long delta) {
        return increment(key, delta, config.timeout());
    }

    public CompletableFuture<Long> increment(byte[] key, long delta, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<CasResult> compareAndSet(byte[] key, Expectation expect, byte[] value) {
        return compareAndSet(key, expect, value, config.timeout());
    }

    public CompletableFuture<CasResult> compareAndSet(byte[] key, Expectation expect, byte[] value, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<BatchResult> batch(WriteBatch batch) {
        return batch(batch, config.timeout());
    }

    public CompletableFuture<BatchResult> batch(WriteBatch batch, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<ScanPage> scan(ScanQuery query) {
        return scan(query, config.timeout());
    }

    public CompletableFuture<ScanPage> scan(ScanQuery query, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Configuration> configuration() {
        return configuration(config.timeout());
    }

    public CompletableFuture<Configuration> configuration(Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<NodeStatus> nodeStatus(String address) {
        return nodeStatus(address, config.timeout());
    }

    public CompletableFuture<NodeStatus> nodeStatus(String address, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Response> call(String address, Request request, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Response> callController(Request request, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public void onConfiguration(Consumer<Configuration> listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
