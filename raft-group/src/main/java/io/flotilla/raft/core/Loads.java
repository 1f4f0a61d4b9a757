package io.flotilla.raft.core;

import java.util.HashMap;
import java.util.Map;

/** Reads from disk that are under way: at most one per purpose, whatever became of its reason meanwhile. */
final class Loads {
    private final Outbox outbox;
    private final Map<NodeId, LoadRequest> outstanding = new HashMap<>(4);

    Loads(Outbox outbox) {
        this.outbox = outbox;
    }

    /** Asks for entries unless a read for this purpose is under way. */
    void request(NodeId purpose, long from, long to, int maxBytes) {
        if (!outstanding.containsKey(purpose)) {
            LoadRequest request = new LoadRequest(purpose, from, to, maxBytes);
            outstanding.put(purpose, request);
            outbox.load(request);
        }
    }

    void answered(LoadRequest request) {
        Check.that(request.equals(outstanding.remove(request.purpose())), "%s was not asked for", request);
    }
}
