package io.flotilla.ops.node;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksum;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.GroupChecksum;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongUnaryOperator;

/**
 * Says what the replicas on this node add up to. That reads all their rows, so it has a lane of its own and does one group
 * after the other; whoever asks hears busy until the result is there, and gets it when he asks again. Of each group the last
 * result of its newest state is kept, and those at two marks. Thread-safe; no call blocks.
 */
final class Checksums {
    private static final long RETRY_MILLIS = 200;
    /** Of each group; also that there is no such state here any more. */
    private static final int MARKS_KEPT = 2;

    /** The state of a group at the mark with that index; of 0 its newest. */
    private record Wanted(long group, long mark) {}

    private final Lane lane;
    private final KvMachines machines;
    private final LongUnaryOperator applied;
    private final Map<Long, ReplicaChecksum> newest = new ConcurrentHashMap<>();
    /** By group, the last computed first. The default instance: there is no such state here. */
    private final Map<Long, List<MarkedChecksum>> marked = new ConcurrentHashMap<>();

    private final Set<Wanted> ordered = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private record MarkedChecksum(long mark, ReplicaChecksum checksum) {}

    /** @param applied the index that the replica of a data group here has applied; -1 if there is none. Any thread */
    Checksums(Lane lane, KvMachines machines, LongUnaryOperator applied) {
        this.lane = lane;
        this.machines = machines;
        this.applied = applied;
    }

    Response answer(Request request) {
        long group = request.getReplicaChecksum().getGroup();
        long mark = request.getReplicaChecksum().getAtMark();
        long notBelow = Math.max(mark, request.getReplicaChecksum().getNotBelow());
        long present = applied.applyAsLong(group);
        if (present < 0) {
            return refused(request, Refusal.Kind.UNAVAILABLE, "no replica of data group " + group + " on this node");
        }
        ReplicaChecksum result = mark == 0 ? newest.get(group) : at(group, mark);
        if (result == ReplicaChecksum.getDefaultInstance()) {
            return refused(
                    request,
                    Refusal.Kind.UNAVAILABLE,
                    "the state of group " + group + " at " + mark + " is not kept here any more");
        }
        if (result != null && result.getAppliedIndex() >= notBelow) {
            return Response.newBuilder()
                    .setId(request.getId())
                    .setReplicaChecksum(result)
                    .build();
        }
        if (present < notBelow) {
            return refused(
                    request,
                    Refusal.Kind.BUSY,
                    "the replica of group " + group + " has applied entries up to " + present);
        }
        Wanted wanted = new Wanted(group, mark);
        if (ordered.add(wanted)) {
            lane.execute(() -> compute(wanted));
        }
        return refused(request, Refusal.Kind.BUSY, "the checksum of group " + group + " is being computed");
    }

    private ReplicaChecksum at(long group, long mark) {
        for (MarkedChecksum each : marked.getOrDefault(group, List.of())) {
            if (each.mark == mark) {
                return each.checksum;
            }
        }
        return null;
    }

    private void compute(Wanted wanted) {
        if (!closed) {
            try (GroupChecksum checksum =
                    wanted.mark == 0 ? machines.checksum(wanted.group) : machines.checksum(wanted.group, wanted.mark)) {
                keep(wanted, checksum == null ? null : compute(checksum));
            } catch (CancellationException e) {
                // the node stops; nobody is told the result any more
            }
        }
        ordered.remove(wanted);
    }

    private ReplicaChecksum compute(GroupChecksum checksum) {
        return ReplicaChecksum.newBuilder()
                .setAppliedIndex(checksum.index())
                .setChecksum(checksum.compute(() -> !closed))
                .build();
    }

    /** On the lane. @param result null if there is no such state */
    private void keep(Wanted wanted, ReplicaChecksum result) {
        if (wanted.mark != 0) {
            List<MarkedChecksum> results = new ArrayList<>();
            results.add(
                    new MarkedChecksum(wanted.mark, result == null ? ReplicaChecksum.getDefaultInstance() : result));
            for (MarkedChecksum older : marked.getOrDefault(wanted.group, List.of())) {
                if (results.size() < MARKS_KEPT && older.mark != wanted.mark) {
                    results.add(older);
                }
            }
            marked.put(wanted.group, List.copyOf(results));
        } else if (result != null) {
            newest.put(wanted.group, result);
        }
    }

    private static Response refused(Request request, Refusal.Kind kind, String message) {
        Refusal.Builder refusal = Refusal.newBuilder().setKind(kind).setMessage(message);
        if (kind == Refusal.Kind.BUSY) {
            refusal.setRetryAfterMillis(RETRY_MILLIS);
        }
        return Response.newBuilder().setId(request.getId()).setRefusal(refusal).build();
    }

    /** Ends all work, then runs the task on the lane: nothing there reads the engine any more. */
    void close(Runnable then) {
        closed = true;
        lane.execute(then);
    }
}
