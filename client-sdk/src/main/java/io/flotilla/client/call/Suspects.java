package io.flotilla.client.call;

import java.util.LinkedHashMap;
import java.util.Map;

/** Replicas that left requests unanswered: they are passed over for a while. Owned by the loop. */
final class Suspects {
    private static final long SUSPICION = 1_000_000_000L;

    // by node: until when it is passed over
    private final Map<String, Long> until = new LinkedHashMap<>();

    void add(Link link, long now) {
        if (!link.node().isEmpty()) {
            until.put(link.node(), now + SUSPICION);
        }
    }

    boolean has(String node, long now) {
        Long end = until.get(node);
        return end != null && now < end;
    }

    void clear() {
        until.clear();
    }
}
