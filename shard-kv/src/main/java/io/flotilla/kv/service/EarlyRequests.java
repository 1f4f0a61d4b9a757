package io.flotilla.kv.service;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Requests that reach the target of a move a moment before it serves the shard: the owner, frozen, has sent their clients here.
 * They wait, each for {@link #WAIT_NANOS} at most, and go on as soon as the group serves the shard; those whose time is over, and
 * those for which there is no room, are refused as busy. What waits belongs to the lane; the rest is thread-safe.
 */
final class EarlyRequests {
    static final long WAIT_NANOS = 100_000_000;
    /** Of all shards of the node together. */
    static final int MOST_REQUESTS = 8_192;

    static final long MOST_BYTES = 16L << 20;
    /** How often it is looked whether they can go on. */
    private static final long LOOK_NANOS = 1_000_000;

    /** What goes on with requests that waited. */
    @FunctionalInterface
    interface Next {
        /** @param requests of one client, in the order in which they came */
        void handle(List<Request> requests, Answers out);
    }

    private record Waiting(Request request, int bytes, Answers out, long until) {}

    private final Door door;
    private final Lane lane;
    private final Next next;
    private final Map<ShardRef, ArrayDeque<Waiting>> byShard = new LinkedHashMap<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private boolean looking;

    EarlyRequests(Door door, Lane lane, Next next) {
        this.door = door;
        this.lane = lane;
        this.next = next;
    }

    /** Whether a request for the shard should wait: this node leads the group, which is the target and does not serve it yet. */
    boolean isEarly(ShardRef ref) {
        PublishedGroup group = door.replicas().published(ref.getGroup());
        if (group == null || group.gauge(ref.getId()) != null) {
            return false;
        }
        Shard configured = door.directory().shards().find(ref.getId());
        return configured != null
                && configured.getTarget() == ref.getGroup()
                && configured.getEpoch() + 1 == ref.getEpoch()
                && door.directory().leads(ref.getGroup());
    }

    /** Keeps an early request until it can go on, or refuses it as busy. Any thread. */
    void enter(Request request, ShardRef ref, Answers out) {
        int size = request.getSerializedSize();
        boolean tooMany = requests.incrementAndGet() > MOST_REQUESTS;
        if (bytes.addAndGet(size) > MOST_BYTES || tooMany) {
            leave(size);
            refuse(request, ref, out);
            return;
        }
        Waiting waiting = new Waiting(request, size, out, door.clock().nanos() + WAIT_NANOS);
        lane.execute(() -> {
            byShard.computeIfAbsent(ref, each -> new ArrayDeque<>()).add(waiting);
            if (!looking) {
                look();
            }
        });
    }

    /** Any thread. */
    void held(Held held) {
        held.add("early requests", requests.get());
        held.add("early request bytes", bytes.get());
    }

    private void leave(int size) {
        requests.decrementAndGet();
        bytes.addAndGet(-size);
    }

    private void refuse(Request request, ShardRef ref, Answers out) {
        Refusal busy = door.refusals().notYetHere(ref);
        Door.refuse(request.getId(), busy, out);
    }

    private void look() {
        long now = door.clock().nanos();
        Map<Answers, List<Request>> ready = new LinkedHashMap<>();
        Iterator<Map.Entry<ShardRef, ArrayDeque<Waiting>>> shards =
                byShard.entrySet().iterator();
        while (shards.hasNext()) {
            Map.Entry<ShardRef, ArrayDeque<Waiting>> shard = shards.next();
            boolean early = isEarly(shard.getKey());
            ArrayDeque<Waiting> queue = shard.getValue();
            while (!queue.isEmpty() && (!early || queue.peek().until <= now)) {
                Waiting first = queue.remove();
                leave(first.bytes);
                if (early) {
                    refuse(first.request, shard.getKey(), first.out);
                } else {
                    ready.computeIfAbsent(first.out, each -> new ArrayList<>()).add(first.request);
                }
            }
            if (queue.isEmpty()) {
                shards.remove();
            }
        }
        ready.forEach((out, gathered) -> next.handle(gathered, out));
        looking = !byShard.isEmpty();
        if (looking) {
            lane.after(LOOK_NANOS, this::look);
        }
    }
}
