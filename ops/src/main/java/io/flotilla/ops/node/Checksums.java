package io.flotilla.ops.node;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksum;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.GroupChecksum;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.raft.runtime.Lane;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Says what the replicas on this node add up to. That reads all their rows, so it has a lane of its own and does one
 * request after the other; few may wait. Thread-safe.
 */
final class Checksums {
    private static final int MAX_WAITING = 16;
    private static final long RETRY_MILLIS = 1_000;

    private final Lane lane;
    private final KvMachines machines;
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean closed;

    Checksums(Lane lane, KvMachines machines) {
        this.lane = lane;
        this.machines = machines;
    }

    /** Answers once, on any lane. */
    void handle(Request request, Consumer<Response> out) {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet();
            out.accept(refused(
                    request,
                    Refusal.newBuilder()
                            .setKind(Refusal.Kind.BUSY)
                            .setMessage("this node computes other checksums")
                            .setRetryAfterMillis(RETRY_MILLIS)));
            return;
        }
        lane.execute(() -> {
            try {
                out.accept(answer(request));
            } finally {
                waiting.decrementAndGet();
            }
        });
    }

    private Response answer(Request request) {
        long group = request.getReplicaChecksum().getGroup();
        if (closed) {
            return stopping(request);
        }
        try (GroupChecksum checksum = machines.checksum(group)) {
            if (checksum == null) {
                return refused(
                        request,
                        Refusal.newBuilder()
                                .setKind(Refusal.Kind.UNAVAILABLE)
                                .setMessage("no replica of data group " + group + " on this node"));
            }
            return Response.newBuilder()
                    .setId(request.getId())
                    .setReplicaChecksum(ReplicaChecksum.newBuilder()
                            .setAppliedIndex(checksum.index())
                            .setChecksum(checksum.compute(() -> !closed)))
                    .build();
        } catch (CancellationException e) {
            return stopping(request);
        }
    }

    private static Response stopping(Request request) {
        return refused(
                request, Refusal.newBuilder().setKind(Refusal.Kind.UNAVAILABLE).setMessage("the node is stopping"));
    }

    private static Response refused(Request request, Refusal.Builder refusal) {
        return Response.newBuilder().setId(request.getId()).setRefusal(refusal).build();
    }

    /** Ends all work, then runs the task on the lane: nothing here reads the engine any more. */
    void close(Runnable then) {
        closed = true;
        lane.execute(then);
    }
}
