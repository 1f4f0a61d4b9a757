package io.flotilla.ops.node;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksum;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.GroupChecksum;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.raft.runtime.Lane;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongUnaryOperator;

/**
 * Says what the replicas on this node add up to. That reads all their rows, so it has a lane of its own and does one group
 * after the other; whoever asks hears busy until the result is there, and gets it when he asks again. The last
 * result of each group is kept. Thread-safe; no call blocks.
 */
final class Checksums {
    private static final long RETRY_MILLIS = 200;

    private final Lane lane;
    private final KvMachines machines;
    private final LongUnaryOperator applied;
    private final Map<Long, ReplicaChecksum> results = new ConcurrentHashMap<>();
    private final Set<Long> ordered = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param applied the index that the replica of a data group here has applied; -1 if there is none. Any thread */
    Checksums(Lane lane, KvMachines machines, LongUnaryOperator applied) {
        this.lane = lane;
        this.machines = machines;
        this.applied = applied;
    }

    Response answer(Request request) {
        long group = request.getReplicaChecksum().getGroup();
        long notBelow = request.getReplicaChecksum().getNotBelow();
        long present = applied.applyAsLong(group);
        if (present < 0) {
            return refused(
                    request,
                    Refusal.newBuilder()
                            .setKind(Refusal.Kind.UNAVAILABLE)
                            .setMessage("no replica of data group " + group + " on this node"));
        }
        ReplicaChecksum result = results.get(group);
        if (result != null && result.getAppliedIndex() >= notBelow) {
            return Response.newBuilder()
                    .setId(request.getId())
                    .setReplicaChecksum(result)
                    .build();
        }
        if (present < notBelow) {
            return busy(request, "the replica of group " + group + " has applied entries up to " + present);
        }
        if (ordered.add(group)) {
            lane.execute(() -> compute(group));
        }
        return busy(request, "the checksum of group " + group + " is being computed");
    }

    private void compute(long group) {
        ordered.remove(group);
        if (closed) {
            return;
        }
        try (GroupChecksum checksum = machines.checksum(group)) {
            if (checksum != null) {
                results.put(
                        group,
                        ReplicaChecksum.newBuilder()
                                .setAppliedIndex(checksum.index())
                                .setChecksum(checksum.compute(() -> !closed))
                                .build());
            }
        } catch (CancellationException e) {
            // the node stops; nobody is told the result any more
        }
    }

    private static Response busy(Request request, String message) {
        return refused(
                request,
                Refusal.newBuilder()
                        .setKind(Refusal.Kind.BUSY)
                        .setMessage(message)
                        .setRetryAfterMillis(RETRY_MILLIS));
    }

    private static Response refused(Request request, Refusal.Builder refusal) {
        return Response.newBuilder().setId(request.getId()).setRefusal(refusal).build();
    }

    /** Ends all work, then runs the task on the lane: nothing there reads the engine any more. */
    void close(Runnable then) {
        closed = true;
        lane.execute(then);
    }
}
