package io.flotilla.ops.node.peer;

import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A node's own frequent requests to other nodes, over the public protocol: one stream for each address, kept while it is used.
 * Belongs to the node's lane, where all answers come, too.
 */
public final class PeerLinks {
    /** Requests to one address that wait for their answer; one more is not sent. */
    static final int MOST_WAITING = 1_024;
    /** A stream on which nobody asked for so long is closed. */
    static final long IDLE_NANOS = 30_000_000_000L;

    private final Lane lane;
    private final PeerCalls calls;
    private final SortedMap<String, Link> links = new TreeMap<>();

    public PeerLinks(Lane lane, PeerCalls calls) {
        this.lane = lane;
        this.calls = calls;
    }

    private record Waiting(Consumer<Response> answered, Consumer<String> failed, Cancellable timer) {}

    /** Asks once. Exactly one of the two is told, later: the answer, or why there is none. */
    public void call(
            String address,
            Request.Builder request,
            long timeoutNanos,
            Consumer<Response> answered,
            Consumer<String> failed) {
        links.computeIfAbsent(address, Link::new).ask(request, timeoutNanos, answered, failed);
    }

    /** Closes all streams: what waits hears nothing more. */
    public void stop() {
        links.values().forEach(Link::close);
        links.clear();
    }

    private final class Link {
        private final String address;
        private final SortedMap<Long, Waiting> waiting = new TreeMap<>();
        private PeerCalls.Stream stream;
        private long lastId;
        private long uses;
        private Cancellable idle;

        Link(String address) {
            this.address = address;
        }

        void ask(Request.Builder request, long timeoutNanos, Consumer<Response> answered, Consumer<String> failed) {
            if (waiting.size() >= MOST_WAITING) {
                lane.execute(() -> failed.accept(address + " has " + MOST_WAITING + " questions to answer first"));
                return;
            }
            long id = ++lastId;
            Cancellable timer = lane.after(timeoutNanos, () -> {
                if (waiting.remove(id) != null) {
                    failed.accept("no answer from " + address);
                }
            });
            waiting.put(id, new Waiting(answered, failed, timer));
            if (stream == null) {
                stream = calls.open(address, this::answered, this::closed);
            }
            stream.send(request.setId(id));
            used();
        }

        private void used() {
            long use = ++uses;
            if (idle == null) {
                idle = lane.after(IDLE_NANOS, () -> {
                    idle = null;
                    if (use == uses && waiting.isEmpty()) {
                        close();
                        links.remove(address, this);
                    } else {
                        used();
                    }
                });
            }
        }

        private void answered(Response response) {
            Waiting one = waiting.remove(response.getId());
            if (one != null) {
                one.timer().cancel();
                one.answered().accept(response);
            }
        }

        private void closed(String reason) {
            stream = null;
            List<Waiting> all = new ArrayList<>(waiting.values());
            waiting.clear();
            all.forEach(one -> {
                one.timer().cancel();
                one.failed().accept(reason);
            });
        }

        void close() {
            if (stream != null) {
                stream.close();
                stream = null;
            }
            if (idle != null) {
                idle.cancel();
                idle = null;
            }
            waiting.values().forEach(one -> one.timer().cancel());
            waiting.clear();
        }
    }
}
