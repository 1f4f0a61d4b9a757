package io.flotilla.client.call;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.routing.RoutingTable;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What makes writes happen once: for each shard a session with a random identity of its own, in which writes are
 * numbered, and the shard's log time as last heard. A session per shard keeps a write that waits for one shard from
 * holding up what the other shards may forget. Owned by the loop.
 */
final class Sessions {
    private final ClientRuntime runtime;
    private final Map<Long, Session> byShard = new LinkedHashMap<>();

    Sessions(ClientRuntime runtime) {
        this.runtime = runtime;
    }

    Session of(long shard) {
        Session session = byShard.get(shard);
        if (session == null) {
            session = new Session(shard, runtime.randomLong(), runtime.randomLong());
            byShard.put(shard, session);
        }
        return session;
    }

    /** Forgets shards that are no more, once all their writes are over. */
    void retain(RoutingTable table) {
        Set<Long> shards = table.shardIds();
        byShard.entrySet().removeIf(entry -> entry.getValue().window.isEmpty() && !shards.contains(entry.getKey()));
    }

    /** One session. A write keeps its session and number for all its attempts, also when its key changes shards. */
    static final class Session {
        final long shard;
        final long high;
        final long low;
        private long last;
        // in order of sequence; the first is unanswered
        private final ArrayDeque<WriteCall<?>> window = new ArrayDeque<>();
        private long logMillis;
        private long logMillisAt;

        Session(long shard, long high, long low) {
            this.shard = shard;
            this.high = high;
            this.low = low;
        }

        /** Numbers a write that is about to be sent for the first time. */
        long begin(WriteCall<?> write) {
            window.add(write);
            return ++last;
        }

        /** All lower sequences have been answered to the caller. */
        long firstUnacknowledged() {
            WriteCall<?> first = window.peek();
            return first == null ? last + 1 : first.sequence();
        }

        /** Some write is over: those over at the front leave. */
        void ended() {
            WriteCall<?> first = window.peek();
            while (first != null && first.done) {
                window.remove();
                first = window.peek();
            }
        }

        void learnLogTime(long millis, long now) {
            if (millis > logMillis) {
                logMillis = millis;
                logMillisAt = now;
            }
        }

        /** What the shard's log time may be by now; not before the given clock of the node that is asked. */
        long estimatedLogMillis(long nodeMillis, long now) {
            long known = logMillis == 0 ? 0 : logMillis + (now - logMillisAt) / 1_000_000;
            return Math.max(known, nodeMillis);
        }
    }
}
