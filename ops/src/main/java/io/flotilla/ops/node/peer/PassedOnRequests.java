package io.flotilla.ops.node.peer;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.call.PassingOn;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.PassOnRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.service.Answers;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongFunction;

/**
 * Requests of clients that can't reach the leader of a group: they go on to it, one hop, through a client of this node's own, so
 * over one stream to each node and within a client's bounds. What a request says of its session and its not-after stays as it
 * is, so however many copies arrive, one is applied. An answer is no longer waited for when the leader is another one. {@link #handle} is thread-safe
 * and never blocks; the rest belongs to a lane of its own.
 */
public final class PassedOnRequests {
    /** Requests that wait for their answers; one more is busy. */
    static final int MOST_REQUESTS = 8_192;
    /** Keys and values of these. */
    static final long MOST_BYTES = 16L << 20;

    private static final long MOST_TIMEOUT_MILLIS = 60_000;
    /** How often it is looked whether the leaders are still the same. */
    private static final long LOOK_NANOS = 50_000_000L;
    /** After so many looks without any request the streams are closed. */
    private static final int IDLE_LOOKS = 600;

    private static final long RETRY_MILLIS = 20;

    private final NodeId self;
    private final String fleetId;
    private final Connector connector;
    private final Lane lane;
    private final LaneClientRuntime runtime;
    private final LongFunction<NodeId> leaders;
    private final Function<NodeId, String> addresses;

    private final Set<Passed> waiting = new LinkedHashSet<>();
    /** Null while nothing is passed on. */
    private AsyncFlotillaClient client;

    private int idleLooks;
    private boolean stopped;

    /**
     * @param runtime on a lane that is nobody else's
     * @param leaders of the groups with a replica here; null where none is known. Any thread
     * @param addresses {@code host:port}, or an empty string if unknown. Any thread
     */
    public PassedOnRequests(
            NodeId self,
            String fleetId,
            Connector connector,
            LaneClientRuntime runtime,
            LongFunction<NodeId> leaders,
            Function<NodeId, String> addresses) {
        this.self = self;
        this.fleetId = fleetId;
        this.connector = connector;
        this.lane = runtime.lane();
        this.runtime = runtime;
        this.leaders = leaders;
        this.addresses = addresses;
    }

    /** One request on its way. */
    private static final class Passed {
        final long id;
        final long group;
        final NodeId leader;
        final Answers out;
        boolean answered;

        Passed(long id, long group, NodeId leader, Answers out) {
            this.id = id;
            this.group = group;
            this.leader = leader;
            this.out = out;
        }
    }

    /** Answers once. @param request a {@code PassOnRequest} */
    public void handle(Request request, Answers out) {
        long id = request.getId();
        PassOnRequest pass = request.getPassOn();
        if (!PassingOn.isAllowed(pass.getRequest()) || request.getPassedOn()) {
            refuse(
                    id,
                    Refusal.newBuilder()
                            .setKind(Refusal.Kind.INVALID)
                            .setMessage(
                                    "a node passes on reads, writes, goodbyes, changes of the fleet and questions for"
                                            + " configurations, nothing else, and nothing twice"),
                    out);
            return;
        }
        long group = PassingOn.group(pass.getRequest());
        NodeId leader = leaders.apply(group);
        String address = leader == null ? "" : addresses.apply(leader);
        if (leader == null
                || leader.equals(self)
                || address.isEmpty()
                || !leader.value().equals(pass.getLeader())) {
            refuse(id, notLeader(group, leader, address), out);
        } else if (!out.hasRoom()) {
            refuse(id, busy("too many bytes of answers wait to be taken"), out);
        } else {
            lane.execute(() -> pass(new Passed(id, group, leader, out), address, pass));
        }
    }

    private void pass(Passed passed, String address, PassOnRequest pass) {
        if (stopped) {
            refuse(passed.id, unavailable("node " + self + " is stopping"), passed.out);
            return;
        }
        if (client == null) {
            client = new AsyncFlotillaClient(
                    ClientConfig.of(List.of()).withMaxInFlight(MOST_REQUESTS, MOST_BYTES), connector, runtime, fleetId);
            idleLooks = 0;
            lane.after(LOOK_NANOS, this::look);
        }
        waiting.add(passed);
        long millis = Math.max(1, Math.min(MOST_TIMEOUT_MILLIS, Integer.toUnsignedLong(pass.getTimeoutMillis())));
        Request onwards = pass.getRequest().toBuilder().setPassedOn(true).build();
        client.call(address, onwards, Duration.ofMillis(millis))
                .whenComplete((response, failure) -> answered(passed, response, failure));
    }

    private void answered(Passed passed, Response response, Throwable failure) {
        waiting.remove(passed);
        if (passed.answered) {
            return;
        }
        passed.answered = true;
        if (failure == null) {
            passed.out.accept(response.toBuilder().setId(passed.id).build());
        } else {
            refuse(passed.id, refusal(passed, failure), passed.out);
        }
    }

    private Refusal.Builder refusal(Passed passed, Throwable failure) {
        String text = "node " + self + " passed the request on to node " + passed.leader + ", which leads group "
                + passed.group + ": " + failure.getMessage();
        if (failure instanceof IndeterminateException) {
            return Refusal.newBuilder().setKind(Refusal.Kind.INDETERMINATE).setMessage(text);
        }
        boolean full = failure instanceof RefusedException refused && refused.reason() == RefusedException.Reason.BUSY;
        return full ? busy(text) : unavailable(text);
    }

    /** Who waits for a node that leads no more need not wait for its answer. */
    private void look() {
        if (stopped) {
            return;
        }
        for (Passed passed : new ArrayList<>(waiting)) {
            if (!passed.answered && !passed.leader.equals(leaders.apply(passed.group))) {
                passed.answered = true;
                refuse(
                        passed.id,
                        Refusal.newBuilder()
                                .setKind(Refusal.Kind.INDETERMINATE)
                                .setMessage(
                                        "node " + passed.leader + ", which the request was passed on to, leads group "
                                                + passed.group + " no more, as far as node " + self + " knows"),
                        passed.out);
            }
        }
        idleLooks = waiting.isEmpty() ? idleLooks + 1 : 0;
        if (idleLooks >= IDLE_LOOKS) {
            client.close();
            client = null;
        } else {
            lane.after(LOOK_NANOS, this::look);
        }
    }

    /** Closes the streams; what waits is answered. Any thread. */
    public void stop() {
        lane.execute(() -> {
            stopped = true;
            if (client != null) {
                client.close();
            }
        });
    }

    private Refusal.Builder notLeader(long group, NodeId leader, String address) {
        Refusal.Builder refusal = Refusal.newBuilder()
                .setKind(Refusal.Kind.NOT_LEADER)
                .setMessage("node " + self + " does not pass the request on: "
                        + (leader == null ? "it knows nobody who leads" : leader + " leads") + " group " + group);
        return leader == null ? refusal : refusal.setLeader(leader.value()).setLeaderAddress(address);
    }

    private static Refusal.Builder busy(String message) {
        return Refusal.newBuilder()
                .setKind(Refusal.Kind.BUSY)
                .setMessage(message)
                .setRetryAfterMillis(RETRY_MILLIS);
    }

    private static Refusal.Builder unavailable(String message) {
        return Refusal.newBuilder().setKind(Refusal.Kind.UNAVAILABLE).setMessage(message);
    }

    private static void refuse(long id, Refusal.Builder refusal, Answers out) {
        out.accept(Response.newBuilder().setId(id).setRefusal(refusal).build());
    }
}
