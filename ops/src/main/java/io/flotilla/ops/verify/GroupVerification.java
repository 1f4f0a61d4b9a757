package io.flotilla.ops.verify;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksumRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.StateMarkRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/** Verifies groups, each on the caller's thread. Thread-safe. */
final class GroupVerification {
    /** A replica may be so far behind, or have so much to add up. */
    static final long WORK_MILLIS = 60_000;
    /** A node that is there, but has no such replica or no such state, has so long. */
    static final long ABSENCE_MILLIS = 500;
    /** What replicas don't keep of one index any more they are asked for of another one. */
    private static final int MARKS = 3;

    private static final long LEAST_PAUSE_MILLIS = 20;
    private static final long MOST_PAUSE_MILLIS = 500;

    /** How nodes are asked, and time passes. Thread-safe. */
    interface Ask {
        /** Fails if the node can't be reached. */
        CompletableFuture<Response> node(String node, Request request);

        /** Of a clock that never falls. */
        long millis();

        void sleep(long millis) throws InterruptedException;
    }

    /** The answer of one node: a checksum, or why there is none and how long that may last. */
    private record Told(Long checksum, String why, boolean reached, long patience) {}

    private record Attempt(GroupVerdict verdict, boolean isWorthAnother) {}

    private final Ask ask;
    private final long patience;
    /** Nodes that did not come back in time: they are not waited for again. */
    private final Set<String> down = ConcurrentHashMap.newKeySet();

    /** @param patience milliseconds that a group has to find a leader, and a node to come back before it counts as down */
    GroupVerification(Ask ask, long patience) {
        this.ask = ask;
        this.patience = patience;
    }

    /** @param leader where it was last known; empty if it was not */
    GroupVerdict verify(long group, String leader, List<String> replicas) throws InterruptedException {
        Attempt attempt = attempt(group, leader, replicas);
        for (int i = 1; i < MARKS && attempt.isWorthAnother; i++) {
            attempt = attempt(group, leader, replicas);
        }
        return attempt.verdict;
    }

    private Attempt attempt(long group, String leader, List<String> replicas) throws InterruptedException {
        Map<String, String> reasons = new TreeMap<>();
        long index = mark(group, leader, replicas, reasons);
        return index == 0
                ? new Attempt(new GroupVerdict(group, 0, Map.of(), reasons), false)
                : checksums(group, index, replicas);
    }

    /** Fixes an index at the leader, wherever it is. @return 0 if that can't be done; the reasons say why */
    private long mark(long group, String known, List<String> replicas, Map<String, String> reasons)
            throws InterruptedException {
        Request request = Request.newBuilder()
                .setStateMark(StateMarkRequest.newBuilder().setGroup(group))
                .build();
        long until = ask.millis() + patience;
        String hint = known;
        Map<String, String> refused = new TreeMap<>();
        for (int turn = 0; ask.millis() < until; turn++) {
            String node = replicas.contains(hint) ? hint : replicas.get(turn % replicas.size());
            hint = "";
            try {
                Response response = ask.node(node, request).get();
                if (response.hasStateMark()) {
                    return response.getStateMark().getIndex();
                }
                refused.put(node, response.getRefusal().getMessage());
                reasons.remove(node);
                hint = response.getRefusal().getLeader();
            } catch (ExecutionException unreachable) {
                reasons.put(node, unreachable.getCause().getMessage());
            }
            ask.sleep(LEAST_PAUSE_MILLIS);
        }
        // those that answer lack a leader because of those that don't
        if (reasons.isEmpty()) {
            reasons.putAll(refused);
        }
        return 0;
    }

    /** What all replicas add up to right after the index. */
    private Attempt checksums(long group, long index, List<String> replicas) throws InterruptedException {
        Request request = Request.newBuilder()
                .setReplicaChecksum(
                        ReplicaChecksumRequest.newBuilder().setGroup(group).setAtMark(index))
                .build();
        Map<String, Long> checksums = new TreeMap<>();
        Map<String, Told> missing = new TreeMap<>();
        List<String> open = new ArrayList<>(replicas);
        long began = ask.millis();
        long pause = LEAST_PAUSE_MILLIS;
        while (true) {
            Map<String, CompletableFuture<Response>> asked = new LinkedHashMap<>();
            for (String node : open) {
                asked.put(node, ask.node(node, request));
            }
            for (Map.Entry<String, CompletableFuture<Response>> each : asked.entrySet()) {
                Told told = told(each.getKey(), each.getValue());
                if (told.checksum != null) {
                    checksums.put(each.getKey(), told.checksum);
                    missing.remove(each.getKey());
                } else {
                    missing.put(each.getKey(), told);
                }
                if (told.checksum != null || ask.millis() - began >= told.patience) {
                    open.remove(each.getKey());
                    if (!told.reached) {
                        down.add(each.getKey());
                    }
                }
            }
            if (open.isEmpty()) {
                Map<String, String> reasons = new TreeMap<>();
                missing.forEach((node, told) -> reasons.put(node, told.why));
                GroupVerdict verdict = new GroupVerdict(group, index, checksums, reasons);
                return new Attempt(
                        verdict, !verdict.differs() && missing.values().stream().anyMatch(told -> told.reached));
            }
            ask.sleep(pause);
            pause = Math.min(MOST_PAUSE_MILLIS, 2 * pause);
        }
    }

    private Told told(String node, CompletableFuture<Response> answer) throws InterruptedException {
        try {
            Response response = answer.get();
            if (response.hasReplicaChecksum()) {
                return new Told(response.getReplicaChecksum().getChecksum(), "", true, 0);
            }
            Refusal refusal = response.getRefusal();
            boolean busy = refusal.getKind() == Refusal.Kind.BUSY;
            return new Told(null, refusal.getMessage(), true, busy ? WORK_MILLIS : ABSENCE_MILLIS);
        } catch (ExecutionException unreachable) {
            return new Told(null, unreachable.getCause().getMessage(), false, down.contains(node) ? 0 : patience);
        }
    }
}
