package io.flotilla.client.call;

import com.google.protobuf.ByteString;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.RequestPart;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The stream to one address: opened on demand, again after a break but not before its backoff has passed. Requests go
 * out only after the node's Hello was found good; those of one turn of the loop leave in one frame. Owned by the loop.
 */
final class Link extends Timed {
    static final int PROTOCOL_VERSION = 2;
    /** A greeting may take this long the first time, twice that the next time: a node may have much to do. */
    private static final long CONNECT_TIMEOUT = 1_000_000_000L;

    private static final long MOST_CONNECT_TIMEOUT = 4 * CONNECT_TIMEOUT;
    private static final int FRAME_BYTES = 256 << 10;
    /** A request larger than this travels in parts, so that a node can refuse it before it has it in memory. */
    private static final int LARGE_BYTES = 256 << 10;

    private static final int PART_BYTES = 128 << 10;
    private static final int FRAME_REQUESTS = 4096;
    /** What groups send is bounded by {@link LinkRoom}; with requests to the node itself this is the end. */
    private static final int MOST_UNANSWERED = 16_384;

    private static final ClientFrame HELLO = ClientFrame.newBuilder()
            .setHello(
                    Hello.newBuilder().setProtocolVersion(PROTOCOL_VERSION).setOldestProtocolVersion(PROTOCOL_VERSION))
            .build();

    private enum State {
        IDLE,
        CONNECTING,
        READY
    }

    private final ClientLoop loop;
    private final String address;
    private State state = State.IDLE;
    private Handler handler;
    private Connection connection;
    private String node = "";
    private long connectingSince;
    private long retryAt;
    private int failures;
    /** The last try to open a stream failed. */
    private boolean unreached;

    private String lastFailure = "not connected yet";
    private long wallMillis;
    private long wallAt;
    private int sessionWrites;
    private long sessionWindowMillis;
    private long connectTimeout;
    /** Counts the streams. */
    private int connections;

    private long heardAt;
    /** Since when there is always a request unanswered. */
    private long waitingSince;

    private final Map<Long, Pending> pending = new LinkedHashMap<>();
    /** Large requests of which the node has only the first part, and has not said yet whether it takes the others. */
    private final Map<Long, ByteString> announced = new LinkedHashMap<>();

    private long nextId = 1;
    private long sentThrough;
    private ClientFrame.Builder frame;
    private int frameBytes;
    private final LinkRoom room = new LinkRoom();
    /** Requests to this very node that wait for the stream. */
    final WaitingRoom callers = new WaitingRoom();

    Link(ClientLoop loop, String address) {
        this.loop = loop;
        this.address = address;
    }

    String address() {
        return address;
    }

    /** The id that the node gave in its last Hello; empty before. */
    String node() {
        return node;
    }

    boolean isReady() {
        return state == State.READY;
    }

    /** What groups may have unanswered on this stream. */
    LinkRoom room() {
        return room;
    }

    /** Which one of this address's streams is open now, or was last. */
    int connection() {
        return connections;
    }

    /** How many writes of a session may be unacknowledged; at least 1 once the stream was ready. */
    int sessionWrites() {
        return sessionWrites;
    }

    /** How far ahead of log time a not-after may lie, and for how long after it its reply is kept. */
    long sessionWindowMillis() {
        return sessionWindowMillis;
    }

    /** Whether a connection is under way since at most this long. */
    boolean isConnecting(long now, long patience) {
        return state == State.CONNECTING && now - connectingSince < patience;
    }

    boolean mayConnect(long now) {
        return state == State.IDLE && now >= retryAt;
    }

    /** Whether there is no way to the node: the last try to open a stream failed, or nothing comes over the one that is open. */
    boolean isUnreachable(long now) {
        return state == State.READY
                ? awaited() > 0 && now - Math.max(heardAt, waitingSince) >= loop.attemptTimeout()
                : unreached;
    }

    boolean isIdle() {
        return state == State.IDLE || pending.isEmpty();
    }

    String lastFailure() {
        return lastFailure;
    }

    /** The node's wall clock by now, as told in its Hello. */
    long estimatedWallMillis(long now) {
        return wallMillis + (now - wallAt) / 1_000_000;
    }

    /** Opens the stream if it is closed, whatever its backoff says. */
    void connect() {
        if (state != State.IDLE) {
            return;
        }
        state = State.CONNECTING;
        connectingSince = loop.now();
        connectTimeout = Math.min(MOST_CONNECT_TIMEOUT, CONNECT_TIMEOUT << Math.min(failures, 4));
        handler = new Handler();
        loop.wheel.schedule(this, connectingSince + connectTimeout);
        connection = loop.connector.connect(address, handler);
        connection.send(HELLO);
    }

    /** Puts the request into the frame of this turn. Only while ready. */
    void send(Request.Builder request, Pending waiting) {
        if (awaited() == 0) {
            waitingSince = loop.now();
            if (!isScheduled()) {
                loop.wheel.schedule(this, waitingSince + loop.silence());
            }
        }
        long id = nextId++;
        Request built = request.setId(id).build();
        pending.put(id, waiting);
        if (waiting instanceof Attempt attempt) {
            room.take(attempt.size);
        }
        if (pending.size() > MOST_UNANSWERED) {
            loop.enter(() -> drop(address + " leaves requests unanswered"));
        }
        int size = built.getSerializedSize();
        if (size > LARGE_BYTES) {
            flush();
            announce(built);
            return;
        }
        if (frame == null) {
            frame = ClientFrame.newBuilder();
            loop.fleet.flushLater(this);
        }
        frame.addRequests(built);
        frameBytes += size + 4;
        if (frameBytes >= FRAME_BYTES || frame.getRequestsCount() >= FRAME_REQUESTS) {
            flush();
        }
    }

    /** The first part asks for room; the others are kept until there is. */
    private void announce(Request request) {
        ByteString whole = request.toByteString();
        announced.put(request.getId(), whole);
        sendPart(request.getId(), whole, 0);
        sentThrough = request.getId();
    }

    private void proceed(long id) {
        ByteString whole = announced.remove(id);
        if (whole != null) {
            if (pending.get(id) instanceof Attempt attempt && attempt.group != null) {
                attempt.group.heard(this);
            }
            for (int from = PART_BYTES; from < whole.size(); from += PART_BYTES) {
                sendPart(id, whole, from);
            }
        }
    }

    private void sendPart(long id, ByteString whole, int from) {
        connection.send(ClientFrame.newBuilder()
                .setPart(RequestPart.newBuilder()
                        .setId(id)
                        .setTotalBytes(whole.size())
                        .setBytes(whole.substring(from, Math.min(whole.size(), from + PART_BYTES))))
                .build());
    }

    /** A request with many answers; its {@link Pending} is called for each. One for each stream. */
    void sendStanding(Request.Builder request, Pending waiting) {
        send(request, waiting);
        handler.standing = nextId - 1;
    }

    boolean hasStanding() {
        return handler != null && handler.standing != 0;
    }

    /** There are no more answers to the standing request. */
    void endStanding() {
        pending.remove(handler.standing);
        handler.standing = 0;
    }

    void flush() {
        if (frame != null && frame.getRequestsCount() > 0) {
            connection.send(frame.build());
            sentThrough = nextId - 1;
            frame = ClientFrame.newBuilder();
            frameBytes = 0;
        }
    }

    /** The end of the turn: what is left goes out, the next request announces itself again. */
    void flushTurn() {
        flush();
        frame = null;
    }

    /** Closes the stream; its unanswered requests are lost. */
    void drop(String reason) {
        if (state == State.IDLE) {
            return;
        }
        boolean wasReady = state == State.READY;
        Connection closing = connection;
        state = State.IDLE;
        handler = null;
        connection = null;
        frame = null;
        frameBytes = 0;
        lastFailure = reason;
        loop.wheel.cancel(this);
        failures = wasReady ? 1 : failures + 1;
        unreached = !wasReady;
        retryAt = loop.now() + loop.connectionPolicy.delay(failures, loop.random());
        List<Map.Entry<Long, Pending>> orphans = new ArrayList<>(pending.entrySet());
        pending.clear();
        Set<Long> partly = new LinkedHashSet<>(announced.keySet());
        announced.clear();
        long left = sentThrough;
        closing.close();
        loop.fleet.linkDown(this);
        orphans.forEach(orphan -> answered(orphan.getValue()));
        for (Map.Entry<Long, Pending> orphan : orphans) {
            orphan.getValue().lost(this, orphan.getKey() <= left && !partly.contains(orphan.getKey()));
        }
        loop.fleet.linkDownDone(this);
    }

    @Override
    void wake(long now) {
        if (state == State.CONNECTING) {
            drop("no answer from " + address + " within " + connectTimeout / 1_000_000 + " ms");
        } else if (state == State.READY && awaited() > 0) {
            long quietSince = Math.max(heardAt, waitingSince);
            if (now - quietSince >= loop.silence()) {
                drop(address + " was silent for " + (now - quietSince) / 1_000_000 + " ms");
            } else {
                loop.wheel.schedule(this, quietSince + loop.silence());
            }
        }
    }

    /** Requests that wait for their one answer. */
    private int awaited() {
        return pending.size() - (hasStanding() ? 1 : 0);
    }

    private void received(ServerFrame received) {
        heardAt = loop.now();
        if (state == State.CONNECTING) {
            if (!received.hasHello()) {
                drop(address + " does not speak this protocol: its first frame has no hello");
                return;
            }
            String refused = greeted(received.getHello());
            if (refused != null) {
                drop(refused);
                return;
            }
        }
        Handler current = handler;
        for (Response response : received.getResponsesList()) {
            long id = response.getId();
            if (response.hasProceed()) {
                proceed(id);
                continue;
            }
            if (!announced.isEmpty()) {
                announced.remove(id);
            }
            Pending waiting = id == current.standing ? pending.get(id) : pending.remove(id);
            if (waiting != null) {
                answered(waiting);
                waiting.answered(this, response);
            }
            if (handler != current) {
                return;
            }
        }
        room.drain();
    }

    private void answered(Pending waiting) {
        if (waiting instanceof Attempt attempt) {
            room.give(attempt.size);
        }
    }

    /** @return why the node is not one to talk to, or null */
    private String greeted(HelloReply hello) {
        if (!hello.getError().isEmpty()) {
            boolean shares = hello.getProtocolVersion() >= PROTOCOL_VERSION
                    && hello.getOldestProtocolVersion() <= PROTOCOL_VERSION;
            return shares
                    ? address + " refused the stream: " + hello.getError()
                    : otherVersion(hello) + " (" + hello.getError() + ")";
        }
        if (hello.getProtocolVersion() != PROTOCOL_VERSION) {
            return otherVersion(hello);
        }
        if (hello.getSessionWrites() < 1 || hello.getSessionWindowMillis() < 1) {
            return address + " does not speak this protocol: its greeting has no bounds for sessions";
        }
        String foreign = loop.fleet.foreignFleet(hello.getFleetId());
        if (foreign != null) {
            return address + " " + foreign;
        }
        loop.wheel.cancel(this);
        state = State.READY;
        failures = 0;
        unreached = false;
        node = hello.getNodeId();
        connections++;
        sessionWrites = hello.getSessionWrites();
        sessionWindowMillis = hello.getSessionWindowMillis();
        wallMillis = hello.getWallMillis();
        wallAt = heardAt;
        loop.fleet.linkReady(this);
        return null;
    }

    private String otherVersion(HelloReply hello) {
        int newest = hello.getProtocolVersion();
        int oldest = hello.getOldestProtocolVersion() == 0 ? newest : hello.getOldestProtocolVersion();
        return address + " speaks version" + (oldest == newest ? " " + newest : "s " + oldest + " to " + newest)
                + " of the client protocol, this client version " + PROTOCOL_VERSION
                + ": use a client of the fleet's release";
    }

    /** Hears one connection; after a break a new one takes its place, and what this one still brings is ignored. */
    private final class Handler implements ConnectionHandler {
        /** The id of the request that is answered more than once; 0 if there is none. */
        long standing;

        @Override
        public void onFrame(ServerFrame received) {
            loop.enterHere(() -> {
                if (handler == this) {
                    received(received);
                }
            });
        }

        @Override
        public void onClosed(String reason) {
            loop.enter(() -> {
                if (handler == this) {
                    drop(address + ": " + reason);
                }
            });
        }
    }
}
