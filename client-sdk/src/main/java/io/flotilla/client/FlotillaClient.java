package io.flotilla.client;

import io.flotilla.client.grpc.GrpcConnector;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.threads.ThreadClientRuntime;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The client of a fleet, for programs that may block. Thread-safe; one client serves a whole program, and operations of
 * many threads travel together.
 *
 * <pre>{@code
 * try (FlotillaClient client = FlotillaClient.connect("127.0.0.1:7400")) {
 *     client.put("greeting", "hello");
 *     System.out.println(client.get("greeting").orElseThrow().text());
 * }
 * }</pre>
 *
 * <p>Every method waits at most for the configured timeout. It then returns the result, or throws
 * {@link RefusedException} (certainly not done) or, writes only, {@link IndeterminateException} (may have been done).
 * Reads are linearizable; writes are made exactly once however often the client has to try. Text is UTF-8; half a surrogate pair is
 * refused. Connecting
 * is lazy: a wrong endpoint shows at the first operation. May be called from callbacks of the {@link #async()} client, too.
 */
public final class FlotillaClient implements AutoCloseable {
    private static final long MOST_CLOSE_MILLIS = 2_000;

    private final AsyncFlotillaClient async;
    /** The same client; its futures are waited for here and go nowhere else. */
    private final AsyncFlotillaClient waiting;

    private final Connector connector;
    private final ThreadClientRuntime runtime;

    private FlotillaClient(ClientConfig config) {
        connector = new GrpcConnector();
        runtime = new ThreadClientRuntime("flotilla-client");
        async = new AsyncFlotillaClient(config, connector, runtime);
        waiting = async.forWaiting();
    }

    /**
     * A client with the default configuration.
     *
     * @param endpoints {@code host:port,host:port,…} of some nodes of the fleet
     * @throws IllegalArgumentException if an endpoint is malformed
     * @throws IllegalStateException if the program's own protobuf or gRPC is none that this client can work with
     */
    public static FlotillaClient connect(String endpoints) {
        return connect(ClientConfig.of(endpoints));
    }

    /** @throws IllegalStateException if the program's own protobuf or gRPC is none that this client can work with */
    public static FlotillaClient connect(ClientConfig config) {
        Libraries.check();
        return new FlotillaClient(config);
    }

    /** The same client without blocking. */
    public AsyncFlotillaClient async() {
        return async;
    }

    /** The value of the key; empty if it is absent. */
    public Optional<VersionedValue> get(byte[] key) {
        return await(waiting.get(key));
    }

    public Optional<VersionedValue> get(String key) {
        return get(Utf8.bytes(key));
    }

    /** The values of the keys, in their order. Keys of different shards are read at different moments. */
    public List<Optional<VersionedValue>> multiGet(List<byte[]> keys) {
        return await(waiting.multiGet(keys));
    }

    /** Sets the value. @return its version */
    public long put(byte[] key, byte[] value) {
        return await(waiting.put(key, value));
    }

    public long put(String key, String value) {
        return put(Utf8.bytes(key), Utf8.bytes(value));
    }

    /** Removes the key. @return whether it was there */
    public boolean delete(byte[] key) {
        return await(waiting.delete(key));
    }

    public boolean delete(String key) {
        return delete(Utf8.bytes(key));
    }

    /** Adds to the end of the value; an absent key counts as empty. @return the new version */
    public long append(byte[] key, byte[] suffix) {
        return await(waiting.append(key, suffix));
    }

    public long append(String key, String suffix) {
        return append(Utf8.bytes(key), Utf8.bytes(suffix));
    }

    /**
     * Adds to the decimal number that is the value; an absent key counts as 0.
     *
     * @return the new number
     * @throws RefusedException (INVALID) if the value is no number or the sum leaves the range of a long
     */
    public long increment(byte[] key, long delta) {
        return await(waiting.increment(key, delta));
    }

    public long increment(String key, long delta) {
        return increment(Utf8.bytes(key), delta);
    }

    /** Sets the value if the expectation holds. */
    public CasResult compareAndSet(byte[] key, Expectation expect, byte[] value) {
        return await(waiting.compareAndSet(key, expect, value));
    }

    public CasResult compareAndSet(String key, Expectation expect, String value) {
        return compareAndSet(Utf8.bytes(key), expect, Utf8.bytes(value));
    }

    /** Makes all writes or none. */
    public BatchResult batch(WriteBatch batch) {
        return await(waiting.batch(batch));
    }

    /** One page of a scan; {@link ScanPage#next()} asks for the one after it. */
    public ScanPage scanPage(ScanQuery query) {
        return await(waiting.scan(query));
    }

    /** All rows of the query, page after page as they are consumed; the timeout is one page's. */
    public Iterable<Row> scan(ScanQuery query) {
        return () -> new RowIterator(query);
    }

    /** The fleet's configuration as a node knows it now. */
    public Configuration configuration() {
        return await(waiting.configuration());
    }

    /**
     * Ends all operations, tells the fleet that it can forget this client, and closes the connections. Writes that were sent
     * and not answered end indeterminate. Takes one round trip as a rule, 500 ms at most, and as long as callbacks of what ended take
     * that don't block, 2 s at most.
     */
    @Override
    public void close() {
        CompletableFuture<Void> closed = async.closing();
        runtime.await(closed, MOST_CLOSE_MILLIS);
        connector.close();
        runtime.close();
    }

    private <T> T await(CompletableFuture<T> future) {
        runtime.loopIsAwaited();
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RefusedException refused) {
                RefusedException here = new RefusedException(refused.reason(), refused.getMessage());
                here.initCause(refused);
                throw here;
            }
            if (e.getCause() instanceof IndeterminateException indeterminate) {
                IndeterminateException here = new IndeterminateException(indeterminate.getMessage());
                here.initCause(indeterminate);
                throw here;
            }
            throw e;
        }
    }

    private final class RowIterator implements Iterator<Row> {
        private final ArrayDeque<Row> rows = new ArrayDeque<>();
        private Optional<ScanQuery> next;

        RowIterator(ScanQuery query) {
            next = Optional.of(query);
        }

        @Override
        public boolean hasNext() {
            while (rows.isEmpty() && next.isPresent()) {
                ScanPage page = scanPage(next.get());
                rows.addAll(page.rows());
                next = page.next();
            }
            return !rows.isEmpty();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return rows.remove();
        }
    }
}
