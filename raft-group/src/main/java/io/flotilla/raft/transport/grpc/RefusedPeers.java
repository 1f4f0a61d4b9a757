package io.flotilla.raft.transport.grpc;

import java.util.LinkedHashMap;
import java.util.Map;

/** Whom this node refused last and why, so that one who tries again is logged once. Bounded: forgets the oldest. Thread-safe. */
final class RefusedPeers {
    private static final int MOST = 256;

    private final Map<String, String> reasons = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MOST;
        }
    };

    /** @return whether it was not refused for just that the last time */
    synchronized boolean isNew(String who, String reason) {
        return !reason.equals(reasons.put(who, reason));
    }

    synchronized void accepted(String who) {
        reasons.remove(who);
    }
}
