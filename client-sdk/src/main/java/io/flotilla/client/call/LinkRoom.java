package io.flotilla.client.call;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * How much may be unanswered on one stream, and which group may add to it. A group may have half as many requests, and
 * as many bytes, as there is still room for: one that gets no answers stops at a third of the requests (half of the
 * bytes), two at a quarter (a third) each, and whatever the number that are stalled, room is left for one that is not.
 * Owned by the loop.
 */
final class LinkRoom {
    /** Below what nodes bound a stream to (16,384). */
    static final int REQUESTS = 12_288;
    /** Of keys and values. */
    static final long BYTES = 32L << 20;

    /** How much a group sends before it is another one's turn. */
    private static final int QUANTUM = 64;
    /** So many groups without room are looked at in one turn. */
    private static final int LOOKS = 32;

    private int requests;
    private long bytes;
    /** Groups that have something to send, in turn. */
    private final Set<GroupRoute> waiting = new LinkedHashSet<>();

    /** @param load the group's on this stream */
    boolean has(GroupLoad load, long more) {
        if (load.requests() == 0) {
            return requests < REQUESTS && (bytes == 0 || bytes + more <= BYTES);
        }
        return 2L * load.requests() < REQUESTS - requests && load.bytes() + more <= BYTES - bytes;
    }

    void take(long size) {
        requests++;
        bytes += size;
    }

    void give(long size) {
        requests--;
        bytes -= size;
    }

    /** The group has something to send and no room. */
    void await(GroupRoute group) {
        waiting.add(group);
    }

    void leave(GroupRoute group) {
        waiting.remove(group);
    }

    /** Answers came: those that wait send what there is room for. */
    void drain() {
        int idle = 0;
        while (!waiting.isEmpty() && idle < Math.min(waiting.size(), LOOKS)) {
            GroupRoute group = waiting.iterator().next();
            waiting.remove(group);
            idle = group.pump(QUANTUM) > 0 ? 0 : idle + 1;
            if (group.waitsForRoom()) {
                waiting.add(group);
            }
        }
    }
}
