package io.flotilla.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.call.Admission;
import io.flotilla.client.call.Call;
import io.flotilla.client.call.ClientLoop;
import io.flotilla.client.call.ConfigurationCall;
import io.flotilla.client.call.ControllerCall;
import io.flotilla.client.call.GetCall;
import io.flotilla.client.call.MultiGetCall;
import io.flotilla.client.call.NodeCall;
import io.flotilla.client.call.ScanCall;
import io.flotilla.client.call.WriteCall;
import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Append;
import io.flotilla.client.proto.CompareAndSet;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Delete;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Increment;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.NodeStatusRequest;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The client of a fleet, without blocking. Thread-safe; operations given at about the same time travel together, so one
 * client for a whole program is best.
 *
 * <p><b>Results.</b> Every operation answers within its timeout through its future. Callbacks run on a thread of the client's, one after the other, where
 * they may block, for an operation too: the client and its other callbacks go on, at once if they wait for an operation's future, else
 * after some 40 ms, until 256 callbacks block at a time; one more that waits for an operation then gets an {@link
 * IllegalStateException}. With a {@link ClientRuntime} of the program's own it is that one that says where callbacks run. A future fails with a {@link RefusedException} (certainly not done)
 * or, for writes alone, with an {@link IndeterminateException} (may have been done). Bad arguments are refused in the
 * same way, as INVALID; a timeout that is not positive is an {@link IllegalArgumentException} at once.
 *
 * <p><b>Guarantees.</b> Reads are linearizable. A write is made at most once, however often the client has to send it,
 * whatever breaks meanwhile. Operations under way at the same time have no order, also those on one key: each may have to
 * be sent again, and others overtake it. Who needs an order waits for one answer before the next call.
 *
 * <p><b>Bounds.</b> {@link ClientConfig#maxInFlightOperations()} and {@link ClientConfig#maxInFlightBytes()} bound what
 * is under way; beyond, operations are refused as BUSY at once. {@link Limits} bounds keys, values and batches. Arrays
 * given are copied before a method returns.
 */
public final class AsyncFlotillaClient implements AutoCloseable {
    private final ClientConfig config;
    private final ClientRuntime runtime;
    private final ClientLoop loop;
    /** Nobody but the blocking client gets the futures: the loop itself completes them. */
    private final boolean isOfTheLoop;

    /**
     * Connects at the first operation. The connector and the runtime stay the caller's to close, after this client.
     *
     * @throws IllegalStateException if the program's own protobuf or gRPC is none that this client can work with
     */
    public AsyncFlotillaClient(ClientConfig config, Connector connector, ClientRuntime runtime) {
        this(config, connector, runtime, "");
    }

    /** As the other. @param fleetId the only fleet whose nodes it talks to; empty for the first one that it finds */
    public AsyncFlotillaClient(ClientConfig config, Connector connector, ClientRuntime runtime, String fleetId) {
        Libraries.check();
        this.config = config;
        this.runtime = runtime;
        this.loop = new ClientLoop(
                config.endpoints(),
                config.attemptTimeout().toNanos(),
                new Admission(config.maxInFlightOperations(), config.maxInFlightBytes()),
                connector,
                runtime,
                fleetId);
        this.isOfTheLoop = false;
    }

    private AsyncFlotillaClient(AsyncFlotillaClient other) {
        this.config = other.config;
        this.runtime = other.runtime;
        this.loop = other.loop;
        this.isOfTheLoop = true;
    }

    /** The same client, for whoever only waits for the futures and gives them to nobody: that wakes one thread less. */
    AsyncFlotillaClient forWaiting() {
        return new AsyncFlotillaClient(this);
    }

    private <T> CompletableFuture<T> submit(Call<T> call) {
        if (isOfTheLoop) {
            call.isOfTheLoop();
        }
        return loop.submit(call);
    }

    /** The value of the key; empty if it is absent. */
    public CompletableFuture<Optional<VersionedValue>> get(byte[] key) {
        return get(key, config.timeout());
    }

    /** {@link #get(byte[])} with a timeout of its own. */
    public CompletableFuture<Optional<VersionedValue>> get(byte[] key, Duration timeout) {
        check(timeout);
        try {
            Limits.checkKey(key);
        } catch (RefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
        return submit(new GetCall(key, timeout));
    }

    /**
     * The values of the keys, in their order. Keys of one shard are read at one moment if they are few, keys of different
     * shards at different moments. At most {@link Limits#MULTI_GET_KEYS}.
     */
    public CompletableFuture<List<Optional<VersionedValue>>> multiGet(List<byte[]> keys) {
        return multiGet(keys, config.timeout());
    }

    /** {@link #multiGet(List)} with a timeout of its own. */
    public CompletableFuture<List<Optional<VersionedValue>>> multiGet(List<byte[]> keys, Duration timeout) {
        check(timeout);
        if (keys.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        byte[][] copies = new byte[keys.size()][];
        long bytes = 0;
        try {
            if (copies.length > Limits.MULTI_GET_KEYS) {
                throw new RefusedException(
                        Reason.INVALID,
                        copies.length + " keys at once: at most " + Limits.MULTI_GET_KEYS + " are allowed");
            }
            for (int i = 0; i < copies.length; i++) {
                Limits.checkKey(keys.get(i));
                copies[i] = keys.get(i).clone();
                bytes += copies[i].length;
            }
            if (bytes > Limits.BATCH_BYTES) {
                throw new RefusedException(
                        Reason.INVALID,
                        "keys of " + bytes + " bytes at once: at most " + Limits.BATCH_BYTES + " are allowed");
            }
        } catch (RefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
        MultiGetCall call = new MultiGetCall(copies, bytes, timeout);
        submit(call);
        return call.values();
    }

    /** Sets the value. The result is its version. */
    public CompletableFuture<Long> put(byte[] key, byte[] value) {
        return put(key, value, config.timeout());
    }

    /** {@link #put(byte[], byte[])} with a timeout of its own. */
    public CompletableFuture<Long> put(byte[] key, byte[] value, Duration timeout) {
        return write(
                key,
                value,
                timeout,
                (k, v) -> Mutation.newBuilder()
                        .setPut(Put.newBuilder().setKey(k).setValue(v))
                        .build(),
                WriteReply::getVersion);
    }

    /** Removes the key. The result is whether it was there. */
    public CompletableFuture<Boolean> delete(byte[] key) {
        return delete(key, config.timeout());
    }

    /** {@link #delete(byte[])} with a timeout of its own. */
    public CompletableFuture<Boolean> delete(byte[] key, Duration timeout) {
        return write(
                key,
                null,
                timeout,
                (k, none) -> Mutation.newBuilder()
                        .setDelete(Delete.newBuilder().setKey(k))
                        .build(),
                WriteReply::getExisted);
    }

    /** Adds to the end of the value; an absent key counts as empty. The result is the new version. */
    public CompletableFuture<Long> append(byte[] key, byte[] suffix) {
        return append(key, suffix, config.timeout());
    }

    /** {@link #append(byte[], byte[])} with a timeout of its own. */
    public CompletableFuture<Long> append(byte[] key, byte[] suffix, Duration timeout) {
        return write(
                key,
                suffix,
                timeout,
                (k, v) -> Mutation.newBuilder()
                        .setAppend(Append.newBuilder().setKey(k).setSuffix(v))
                        .build(),
                WriteReply::getVersion);
    }

    /**
     * Adds to the decimal number that is the value; an absent key counts as 0. The result is the new number. Refused as
     * INVALID if the value is no number or the sum leaves the range of a long.
     */
    public CompletableFuture<Long> increment(byte[] key, long delta) {
        return increment(key, delta, config.timeout());
    }

    /** {@link #increment(byte[], long)} with a timeout of its own. */
    public CompletableFuture<Long> increment(byte[] key, long delta, Duration timeout) {
        return write(
                key,
                null,
                timeout,
                (k, none) -> Mutation.newBuilder()
                        .setIncrement(Increment.newBuilder().setKey(k).setDelta(delta))
                        .build(),
                reply -> Long.parseLong(reply.getValue().toStringUtf8()));
    }

    /** Sets the value if the expectation holds. */
    public CompletableFuture<CasResult> compareAndSet(byte[] key, Expectation expect, byte[] value) {
        return compareAndSet(key, expect, value, config.timeout());
    }

    /** {@link #compareAndSet(byte[], Expectation, byte[])} with a timeout of its own. */
    public CompletableFuture<CasResult> compareAndSet(byte[] key, Expectation expect, byte[] value, Duration timeout) {
        return write(
                key,
                value,
                timeout,
                (k, v) -> Mutation.newBuilder()
                        .setCompareAndSet(CompareAndSet.newBuilder()
                                .setKey(k)
                                .setCondition(expect.condition())
                                .setValue(v))
                        .build(),
                Results::cas);
    }

    /** Makes all writes of the batch or none. All its keys must be in one shard: it is refused as INVALID otherwise. */
    public CompletableFuture<BatchResult> batch(WriteBatch batch) {
        return batch(batch, config.timeout());
    }

    /** {@link #batch(WriteBatch)} with a timeout of its own. */
    public CompletableFuture<BatchResult> batch(WriteBatch batch, Duration timeout) {
        check(timeout);
        Mutation mutation = Mutation.newBuilder().setBatch(batch.batch()).build();
        return submit(
                new WriteCall<>(batch.firstKey(), mutation, batch.bytes(), timeout, reply -> Results.batch(reply)));
    }

    /**
     * One page of a scan: the first part of the range that lies in one shard, in reverse the last. It is one linearizable
     * read; {@link ScanPage#next()} asks for the rest.
     */
    public CompletableFuture<ScanPage> scan(ScanQuery query) {
        return scan(query, config.timeout());
    }

    /** {@link #scan(ScanQuery)} with a timeout of its own. */
    public CompletableFuture<ScanPage> scan(ScanQuery query, Duration timeout) {
        check(timeout);
        if (query.isEmpty()) {
            return CompletableFuture.completedFuture(new ScanPage(List.of(), Optional.empty()));
        }
        return submit(new ScanCall<>(
                query.lower(),
                query.upper(),
                query.nextPageRows(),
                query.isReverse(),
                timeout,
                page -> Results.page(query, page)));
    }

    /** The newest configuration that some node knows; asked now, not taken from the cache. */
    public CompletableFuture<Configuration> configuration() {
        return configuration(config.timeout());
    }

    /** {@link #configuration()} with a timeout of its own. */
    public CompletableFuture<Configuration> configuration(Duration timeout) {
        check(timeout);
        return submit(new ConfigurationCall(timeout));
    }

    /** What a node says about itself and its replicas. Refused as UNAVAILABLE as soon as it can't be reached. */
    public CompletableFuture<NodeStatus> nodeStatus(String address) {
        return nodeStatus(address, config.timeout());
    }

    /** {@link #nodeStatus(String)} with a timeout of its own. */
    public CompletableFuture<NodeStatus> nodeStatus(String address, Duration timeout) {
        check(timeout);
        Request request = Request.newBuilder()
                .setNodeStatus(NodeStatusRequest.getDefaultInstance())
                .build();
        return submit(new NodeCall<>(address, request, timeout, response -> {
            if (response.hasRefusal()) {
                throw new RefusedException(
                        Reason.UNAVAILABLE,
                        address + ": " + response.getRefusal().getMessage());
            }
            return response.getNodeStatus();
        }));
    }

    /**
     * Sends a request as it is (its id aside) to one node, once. Every answer of the node is a result, a refusal too.
     * Fails as UNAVAILABLE as soon as the node can't be reached, and as indeterminate if the request changes something
     * and the stream broke, or the time passed, after it was sent.
     *
     * @param address {@code host:port}; it need not be of this client's fleet
     */
    public CompletableFuture<Response> call(String address, Request request, Duration timeout) {
        check(timeout);
        return submit(new NodeCall<>(address, request, timeout, Function.identity()));
    }

    /**
     * Sends a request to the leader of the controller's group, wherever it is, and again until it answers. A refusal that
     * another try would not change is a result; that the leader is unknown, busy or gone is not.
     */
    public CompletableFuture<Response> callController(Request request, Duration timeout) {
        check(timeout);
        return submit(new ControllerCall<>(request, timeout, Function.identity()));
    }

    /**
     * Asks the controller's leader for a change of the fleet, wherever it is, and again until it answers: it is made once,
     * however often the request arrives. The result comes once the intent is committed, or of a dry run at once. Fails as
     * INVALID, with the controller's words, if it was refused; nothing has changed then.
     *
     * @param change of which fleet and what; without a request id it gets one
     */
    public CompletableFuture<FleetChangeReply> changeFleet(FleetChangeRequest change, Duration timeout) {
        check(timeout);
        FleetChangeRequest identified = change.getRequestId().isEmpty()
                ? change.toBuilder().setRequestId(requestId()).build()
                : change;
        Request request = Request.newBuilder().setFleetChange(identified).build();
        return submit(new ControllerCall<>(request, timeout, response -> {
            if (!response.hasFleetChange()) {
                throw new RefusedException(Reason.INVALID, response.getRefusal().getMessage());
            }
            return response.getFleetChange();
        }));
    }

    private ByteString requestId() {
        return ByteString.copyFrom(ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(runtime.randomLong())
                .putLong(runtime.randomLong())
                .flip());
    }

    /**
     * Tells the listener of the newest configuration known and then of newer ones as the nodes tell of them, where callbacks
     * run, one at a time, in order of their numbers; numbers may be left out, and are while it is busy. Keeps a connection open for
     * that from now on.
     */
    public void onConfiguration(Consumer<Configuration> listener) {
        loop.onConfiguration(listener);
    }

    /**
     * Begins to close and returns: as {@link #closeAsync}, for whoever does not want to know when that is done. The
     * connector and the runtime are better left open until it is, or the fleet remembers this client for some minutes.
     */
    @Override
    public void close() {
        closeAsync();
    }

    /**
     * Ends all operations, then tells the fleet that it can forget this client, then closes the connections. A write that was
     * sent and not answered ends indeterminate, everything else as CLOSED. The fleet is told of all shards to which each
     * write ended with an answer; that takes one round trip as a rule, and 500 ms at most.
     *
     * @return complete when all is done; never exceptionally
     */
    public CompletableFuture<Void> closeAsync() {
        CompletableFuture<Void> told = new CompletableFuture<>();
        closing().whenComplete((done, none) -> runtime.callBack(() -> told.complete(null)));
        return told;
    }

    /** As {@link #closeAsync}, complete on the client's loop: for whoever only waits for it. */
    CompletableFuture<Void> closing() {
        return loop.close();
    }

    /** Makes the mutation of a key and, unless there is none, a value. */
    private interface Form {
        Mutation of(ByteString key, ByteString value);
    }

    private <T> CompletableFuture<T> write(
            byte[] key, byte[] value, Duration timeout, Form form, Function<WriteReply, T> reader) {
        check(timeout);
        try {
            Limits.checkKey(key);
            if (value != null) {
                Limits.checkValue(value);
            }
        } catch (RefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
        byte[] copy = key.clone();
        Mutation mutation = form.of(
                UnsafeByteOperations.unsafeWrap(copy), value == null ? ByteString.EMPTY : ByteString.copyFrom(value));
        long bytes = key.length + (value == null ? 0 : value.length);
        return submit(new WriteCall<>(copy, mutation, bytes, timeout, reader));
    }

    private static void check(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(Duration.ofDays(365)) > 0) {
            throw new IllegalArgumentException("the timeout is out of bounds: " + timeout);
        }
    }
}
