package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.call.PassingOn;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.GoodbyeReply;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.MultiGetResult;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.PassOnRequest;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.RegisterNodeReply;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.Value;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A fleet as a client sees it: nodes n1… at n1:1…, one store behind all of them, every message one virtual millisecond on
 * its way. Each write is applied once for its session and sequence. A test bends it by node scripts.
 */
final class FakeFleet implements Connector {
    static final long WALL = 1_700_000_000_000L;
    static final long WINDOW = 60_000;

    /** Says nothing, now or ever. */
    static final Response SILENCE = Response.newBuilder().setId(-1).build();

    final ManualRuntime runtime;
    final Map<String, FakeNode> byAddress = new LinkedHashMap<>();
    final Map<Long, String> leaders = new LinkedHashMap<>();
    final NavigableMap<ByteString, ByteString> store = new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    final List<String> connects = new ArrayList<>();
    /** Each write that was applied, once. */
    final List<WriteRequest> applied = new ArrayList<>();

    final List<GoodbyeRequest> goodbyes = new ArrayList<>();

    /** What is remembered of each session, by its identity. */
    final Map<String, FakeSession> sessions = new LinkedHashMap<>();
    /** The most replies that were kept of one session at a time. */
    int mostKept;

    long logMillis;
    /** How far the nodes' clocks are behind. */
    long wallBehind;

    private long sweptAt;
    /** How far the clocks are ahead that greetings tell. */
    long wallAhead;

    int pageRows = 1000;
    /** Where shards went that were divided: their range is these shards'. */
    final Map<Long, List<Long>> nowAt = new LinkedHashMap<>();
    /** A stale route's refusal names the new owner's leader, and no configuration. */
    boolean tellsOwnersLeader;

    Configuration configuration;

    FakeFleet(ManualRuntime runtime) {
        this.runtime = runtime;
        configuration = Configuration.newBuilder()
                .setNumber(1)
                .setFleetId("fleet")
                .addNodes(node("n1", "n1:1"))
                .addNodes(node("n2", "n2:1"))
                .addNodes(node("n3", "n3:1"))
                .addGroups(group(1))
                .addGroups(group(2))
                .addShards(shard(1, "", "g", 1, 1))
                .addShards(shard(2, "g", "p", 2, 1))
                .addShards(shard(3, "p", "", 1, 1))
                .addControllerReplicas("n1")
                .addControllerReplicas("n2")
                .addControllerReplicas("n3")
                .build();
        leaders.put(0L, "n1");
        leaders.put(1L, "n1");
        leaders.put(2L, "n2");
        for (int i = 1; i <= 3; i++) {
            byAddress.put("n" + i + ":1", new FakeNode("n" + i, "n" + i + ":1"));
        }
    }

    /** What the store remembers of a session. */
    static final class FakeSession {
        record Kept(WriteReply reply, long notAfter) {}

        final TreeMap<Long, Kept> kept = new TreeMap<>();
        long firstUnacknowledged = 1;

        void acknowledge(long below) {
            firstUnacknowledged = Math.max(firstUnacknowledged, below);
            kept.headMap(firstUnacknowledged).clear();
        }
    }

    static Node node(String id, String address) {
        return Node.newBuilder().setId(id).setAddress(address).build();
    }

    static Group group(long id) {
        return Group.newBuilder()
                .setId(id)
                .addReplicas("n1")
                .addReplicas("n2")
                .addReplicas("n3")
                .build();
    }

    static Shard shard(long id, String start, String end, long group, long epoch) {
        return Shard.newBuilder()
                .setId(id)
                .setStart(ByteString.copyFromUtf8(start))
                .setEnd(ByteString.copyFromUtf8(end))
                .setGroup(group)
                .setEpoch(epoch)
                .build();
    }

    static Response refusal(Refusal.Kind kind) {
        return refusal(Refusal.newBuilder().setKind(kind).setMessage("scripted " + kind));
    }

    static Response refusal(Refusal.Builder refusal) {
        return Response.newBuilder().setRefusal(refusal).build();
    }

    FakeNode node(String id) {
        return byAddress.get(id + ":1");
    }

    long wall() {
        return WALL + runtime.millis() - wallBehind;
    }

    /** All nodes know it, those who watch are told. */
    void publish(Configuration next) {
        configuration = next;
        for (FakeNode node : byAddress.values()) {
            for (FakeStream stream : node.streams) {
                stream.tellWatch();
            }
        }
    }

    @Override
    public Connection connect(String address, ConnectionHandler handler) {
        connects.add(address);
        FakeStream stream = new FakeStream(handler);
        after(1, () -> {
            FakeNode node = byAddress.get(address);
            if (node == null || !node.up) {
                stream.end("connection refused");
            } else if (!node.blackHole) {
                stream.node = node;
                node.streams.add(stream);
                List<ClientFrame> early = List.copyOf(stream.early);
                stream.early.clear();
                early.forEach(stream::arrived);
            }
        });
        return stream;
    }

    @Override
    public void close() {}

    private void after(long millis, Runnable task) {
        runtime.after(millis * 1_000_000, task);
    }

    final class FakeNode {
        final String id;
        final String address;
        final List<FakeStream> streams = new ArrayList<>();
        final List<ClientFrame> frames = new ArrayList<>();
        /** So many large requests are refused at their first part. */
        int busyParts;

        final List<Request> requests = new ArrayList<>();
        boolean up = true;
        boolean blackHole;
        String helloError = "";
        int version = 2;
        int sessionWrites = 4_096;
        /** Answers in place of the node; null leaves it to the node, {@link #SILENCE} to nobody. */
        Function<Request, Response> script = request -> null;

        FakeNode(String id, String address) {
            this.id = id;
            this.address = address;
        }

        /** It leads no more, and other nodes reach it as little as clients do. */
        private boolean dead;

        void crash() {
            cut();
            dead = true;
        }

        /** Clients are refused; other nodes are not. */
        void cut() {
            up = false;
            for (FakeStream stream : List.copyOf(streams)) {
                stream.end("connection reset");
            }
        }

        List<WriteRequest> writes() {
            List<WriteRequest> writes = new ArrayList<>();
            for (Request request : requests) {
                if (request.hasWrite()) {
                    writes.add(request.getWrite());
                }
            }
            return writes;
        }

        /** Data requests that it does in a second; 0 means at once. */
        int perSecond;
        /** It has so many to do at most, and answers BUSY beyond. */
        int mostQueued = Integer.MAX_VALUE;

        /** It does nothing until then. */
        long stalledUntil;
        /** How long after a stream was opened it greets. */
        long greetsAfterMillis;

        private int queued;
        private long freeAt;

        /** Answers now, or after those that came before. */
        void answer(Request request, Consumer<Response> out) {
            if (stalledUntil > runtime.millis()) {
                after(stalledUntil - runtime.millis(), () -> out.accept(handle(request)));
            } else if (perSecond == 0 || !(request.hasWrite() || request.hasRead())) {
                out.accept(handle(request));
            } else if (queued >= mostQueued) {
                requestCount++;
                busyAnswers++;
                out.accept(
                        refusal(Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(5)));
            } else {
                queued++;
                freeAt = Math.max(freeAt, runtime.nanos()) + 1_000_000_000L / perSecond;
                runtime.after(freeAt - runtime.nanos(), () -> {
                    queued--;
                    out.accept(handle(request));
                });
            }
        }

        int requestCount;
        int busyAnswers;
        /** Keep what is asked, for tests that look at it. */
        boolean records = true;

        Response handle(Request request) {
            requestCount++;
            if (records) {
                requests.add(request);
            }
            Response scripted = script.apply(request);
            if (scripted != null) {
                return scripted;
            }
            return switch (request.getBodyCase()) {
                case CONFIGURATION ->
                    Response.newBuilder().setConfiguration(configuration).build();
                case NODE_STATUS ->
                    Response.newBuilder()
                            .setNodeStatus(NodeStatus.newBuilder().setId(id))
                            .build();
                case READ -> data(request.getRead().getShard(), () -> read(request.getRead()));
                case WRITE -> data(request.getWrite().getShard(), () -> write(request.getWrite()));
                case GOODBYE -> data(request.getGoodbye().getShard(), () -> goodbye(request.getGoodbye()));
                case REGISTER_NODE ->
                    leads(0)
                            ? Response.newBuilder()
                                    .setRegisterNode(
                                            RegisterNodeReply.newBuilder().setConfigurationNumber(7))
                                    .build()
                            : notLeader(0);
                case PASS_ON -> passOn(request.getPassOn());
                default -> throw new AssertionError(request);
            };
        }

        /** The cut is between clients and nodes: nodes reach each other. */
        private Response passOn(PassOnRequest pass) {
            long group = PassingOn.group(pass.getRequest());
            assertThat(PassingOn.isAllowed(pass.getRequest())).isTrue();
            if (leads(group) || !pass.getLeader().equals(leaders.get(group))) {
                return notLeader(group);
            }
            FakeNode leader = node(pass.getLeader());
            return !leader.up && leader.dead
                    ? refusal(Refusal.Kind.UNAVAILABLE)
                    : leader.handle(
                            pass.getRequest().toBuilder().setPassedOn(true).build());
        }

        private Response data(ShardRef ref, java.util.function.Supplier<Response> body) {
            for (Shard shard : configuration.getShardsList()) {
                if (shard.getId() == ref.getId() && shard.getEpoch() == ref.getEpoch()) {
                    return leads(shard.getGroup()) ? body.get() : notLeader(shard.getGroup());
                }
            }
            Refusal.Builder stale = Refusal.newBuilder().setKind(Refusal.Kind.STALE_ROUTE);
            for (Shard shard : configuration.getShardsList()) {
                if (nowAt.getOrDefault(ref.getId(), List.of(ref.getId())).contains(shard.getId())) {
                    stale.addShards(shard);
                }
            }
            if (tellsOwnersLeader && stale.getShardsCount() > 0) {
                stale.setLeader(leaders.getOrDefault(stale.getShards(0).getGroup(), ""));
            }
            return refusal(stale.setConfigurationNumber(tellsOwnersLeader ? 0 : configuration.getNumber()));
        }

        private boolean leads(long group) {
            return id.equals(leaders.get(group));
        }

        private Response notLeader(long group) {
            return refusal(Refusal.newBuilder()
                    .setKind(Refusal.Kind.NOT_LEADER)
                    .setLeader(leaders.getOrDefault(group, ""))
                    .setConfigurationNumber(configuration.getNumber()));
        }
    }

    private Response read(ReadRequest read) {
        ReadReply.Builder reply = ReadReply.newBuilder().setLogTimeMillis(logMillis);
        switch (read.getOperationCase()) {
            case GET -> reply.setGet(value(read.getGet().getKey()));
            case MULTI_GET -> {
                MultiGetResult.Builder values = MultiGetResult.newBuilder();
                read.getMultiGet().getKeysList().forEach(key -> values.addValues(value(key)));
                long bytes = values.getValuesList().stream()
                        .mapToLong(value -> value.getValue().size())
                        .sum();
                if (bytes > 16 << 20) {
                    return refusal(Refusal.Kind.INVALID);
                }
                reply.setMultiGet(values);
            }
            case SCAN -> reply.setScan(scan(read.getScan()));
            default -> throw new AssertionError(read);
        }
        return Response.newBuilder().setRead(reply).build();
    }

    private Value value(ByteString key) {
        ByteString value = store.get(key);
        return value == null
                ? Value.getDefaultInstance()
                : Value.newBuilder()
                        .setFound(true)
                        .setValue(value)
                        .setVersion(1)
                        .build();
    }

    /** A page that comes to this row ends before it, once. */
    ByteString emptyPageAt;

    private ScanResult scan(Scan scan) {
        NavigableMap<ByteString, ByteString> range = store.tailMap(scan.getFrom(), true);
        range = scan.getTo().isEmpty() ? range : range.headMap(scan.getTo(), false);
        range = scan.getReverse() ? range.descendingMap() : range;
        int most = scan.getLimit() == 0 ? pageRows : Math.min(pageRows, scan.getLimit());
        ScanResult.Builder result = ScanResult.newBuilder();
        for (Map.Entry<ByteString, ByteString> row : range.entrySet()) {
            if (result.getRowsCount() == most) {
                ByteString last = result.getRows(most - 1).getKey();
                return result.setMore(true)
                        .setNext(scan.getReverse() ? last : last.concat(ByteString.copyFrom(new byte[1])))
                        .build();
            }
            if (emptyPageAt != null
                    && emptyPageAt.equals(row.getKey())
                    && !row.getKey().equals(scan.getFrom())) {
                // as if many rows before it had been deleted
                emptyPageAt = null;
                return result.setMore(true)
                        .setNext(
                                scan.getReverse()
                                        ? row.getKey().concat(ByteString.copyFrom(new byte[1]))
                                        : row.getKey())
                        .build();
            }
            result.addRows(Row.newBuilder().setKey(row.getKey()).setValue(row.getValue()));
        }
        return result.build();
    }

    static String identity(long high, long low) {
        return high + "/" + low;
    }

    private Response write(WriteRequest write) {
        logMillis = Math.max(logMillis, wall());
        boolean sweeps = logMillis > sweptAt + 1_000;
        sweptAt = sweeps ? logMillis : sweptAt;
        for (FakeSession each : sweeps ? sessions.values() : List.<FakeSession>of()) {
            each.kept.values().removeIf(kept -> kept.notAfter() + WINDOW < logMillis);
        }
        FakeSession session = sessions.computeIfAbsent(
                identity(write.getSessionHigh(), write.getSessionLow()), id -> new FakeSession());
        session.acknowledge(write.getFirstUnacknowledged());
        if (write.getSequence() < session.firstUnacknowledged) {
            return logTime(Refusal.Kind.ALREADY_ACKNOWLEDGED);
        }
        FakeSession.Kept known = session.kept.get(write.getSequence());
        if (known == null) {
            if (write.getNotAfterMillis() < logMillis) {
                return logTime(Refusal.Kind.EXPIRED);
            }
            if (write.getNotAfterMillis() > logMillis + WINDOW) {
                return logTime(Refusal.Kind.NOT_AFTER_TOO_FAR);
            }
            known = new FakeSession.Kept(apply(write.getMutation()), write.getNotAfterMillis());
            session.kept.put(write.getSequence(), known);
            mostKept = Math.max(mostKept, session.kept.size());
            applied.add(write);
        }
        return Response.newBuilder()
                .setWrite(known.reply().toBuilder().setLogTimeMillis(logMillis))
                .build();
    }

    private Response logTime(Refusal.Kind kind) {
        return refusal(Refusal.newBuilder()
                .setKind(kind)
                .setMessage("the store's " + kind)
                .setLogTimeMillis(logMillis));
    }

    private Response goodbye(GoodbyeRequest goodbye) {
        goodbyes.add(goodbye);
        sessions.remove(identity(goodbye.getSessionHigh(), goodbye.getSessionLow()));
        return Response.newBuilder()
                .setGoodbye(GoodbyeReply.newBuilder().setLogTimeMillis(logMillis))
                .build();
    }

    private WriteReply apply(Mutation mutation) {
        WriteReply.Builder reply = WriteReply.newBuilder().setVersion(applied.size() + 1);
        switch (mutation.getOperationCase()) {
            case PUT -> store.put(mutation.getPut().getKey(), mutation.getPut().getValue());
            case DELETE -> reply.setExisted(store.remove(mutation.getDelete().getKey()) != null);
            case APPEND ->
                store.merge(mutation.getAppend().getKey(), mutation.getAppend().getSuffix(), ByteString::concat);
            case INCREMENT -> {
                ByteString key = mutation.getIncrement().getKey();
                String text =
                        store.getOrDefault(key, ByteString.copyFromUtf8("0")).toString(StandardCharsets.UTF_8);
                try {
                    long sum = Long.parseLong(text) + mutation.getIncrement().getDelta();
                    store.put(key, ByteString.copyFromUtf8(Long.toString(sum)));
                    reply.setValue(store.get(key));
                } catch (NumberFormatException e) {
                    reply.setOutcome(WriteReply.Outcome.INVALID_VALUE).setMessage("'" + text + "' is no number");
                }
            }
            case COMPARE_AND_SET -> {
                ByteString key = mutation.getCompareAndSet().getKey();
                ByteString present = store.get(key);
                boolean holds = mutation.getCompareAndSet().getCondition().getAbsent()
                        ? present == null
                        : mutation.getCompareAndSet().getCondition().getValue().equals(present);
                if (holds) {
                    store.put(key, mutation.getCompareAndSet().getValue());
                } else {
                    reply.setOutcome(WriteReply.Outcome.CONDITION_FAILED)
                            .setVersion(present == null ? 0 : 4)
                            .setValue(present == null ? ByteString.EMPTY : present);
                }
            }
            case BATCH -> mutation.getBatch().getMutationsList().forEach(this::apply);
            default -> throw new AssertionError(mutation);
        }
        return reply.build();
    }

    final class FakeStream implements Connection {
        private final ConnectionHandler handler;
        private final List<ClientFrame> early = new ArrayList<>();
        private final Parts parts = new Parts();
        private FakeNode node;
        private boolean ended;
        private long watchId;
        private long told;

        FakeStream(ConnectionHandler handler) {
            this.handler = handler;
        }

        @Override
        public void send(ClientFrame frame) {
            after(1, () -> arrived(frame));
        }

        @Override
        public void close() {
            end("closed by the client");
        }

        private void end(String reason) {
            if (!ended) {
                ended = true;
                if (node != null) {
                    node.streams.remove(this);
                }
                handler.onClosed(reason);
            }
        }

        private void arrived(ClientFrame frame) {
            if (ended) {
                return;
            }
            if (node == null) {
                early.add(frame);
                return;
            }
            if (node.blackHole) {
                return;
            }
            if (node.records) {
                node.frames.add(frame);
            }
            ServerFrame.Builder answer = ServerFrame.newBuilder();
            if (frame.hasHello()) {
                answer.setHello(HelloReply.newBuilder()
                        .setProtocolVersion(node.version)
                        .setOldestProtocolVersion(node.version)
                        .setSessionWrites(node.sessionWrites)
                        .setSessionWindowMillis(WINDOW)
                        .setNodeId(node.id)
                        .setFleetId(configuration.getFleetId())
                        .setWallMillis(wall() + wallAhead)
                        .setError(node.helloError));
            }
            if (frame.hasPart() && node.busyParts > 0) {
                node.busyParts--;
                answer.addResponses(
                        refusal(Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(100)).toBuilder()
                                .setId(frame.getPart().getId()));
                deliver(answer.build());
                return;
            }
            for (Request request : parts.requests(frame, answer::addResponses)) {
                if (request.hasWatch()) {
                    watchId = request.getId();
                    told = request.getWatch().getAbove();
                    tellWatch();
                    continue;
                }
                boolean[] now = {true};
                node.answer(request, response -> {
                    if (response != SILENCE) {
                        Response.Builder numbered = response.toBuilder().setId(request.getId());
                        if (now[0]) {
                            answer.addResponses(numbered);
                        } else {
                            deliver(ServerFrame.newBuilder()
                                    .addResponses(numbered)
                                    .build());
                        }
                    }
                });
                now[0] = false;
            }
            if (answer.hasHello() && node.greetsAfterMillis > 0) {
                ServerFrame greeting = answer.build();
                after(node.greetsAfterMillis, () -> deliver(greeting));
            } else if (answer.hasHello() || answer.getResponsesCount() > 0) {
                deliver(answer.build());
            }
        }

        void deliver(ServerFrame frame) {
            after(1, () -> {
                if (!ended && !node.blackHole) {
                    handler.onFrame(frame);
                }
            });
        }

        void tellWatch() {
            if (watchId != 0 && configuration.getNumber() > told) {
                told = configuration.getNumber();
                deliver(ServerFrame.newBuilder()
                        .addResponses(Response.newBuilder().setId(watchId).setConfiguration(configuration))
                        .build());
            }
        }
    }
}
