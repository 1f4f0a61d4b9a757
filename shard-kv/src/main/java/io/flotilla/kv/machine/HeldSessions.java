package io.flotilla.kv.machine;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that the sessions of a node's whole holds take together, before their shards are adopted. A hold for whose sessions there is no
 * room has them in the engine alone: Adopt reads them from there, and takes longer by that. Thread-safe.
 */
final class HeldSessions {
    /** Of all holds of a node. */
    static final long MOST_BYTES = 128L << 20;
    /** What a session takes beside its replies, roughly. */
    private static final int SESSION_BYTES = 200;

    private final long most;
    private final AtomicLong taken = new AtomicLong();

    HeldSessions(long most) {
        this.most = most;
    }

    static long bytes(Session session) {
        return session == null ? 0 : session.bytes() + SESSION_BYTES;
    }

    static long bytes(Map<SessionId, Session> sessions) {
        long bytes = 0;
        for (Session session : sessions.values()) {
            bytes += bytes(session);
        }
        return bytes;
    }

    /** Whether there was room; if not, nothing was taken. */
    boolean take(long bytes) {
        while (true) {
            long before = taken.get();
            if (bytes > most - before) {
                return false;
            }
            if (taken.compareAndSet(before, before + bytes)) {
                return true;
            }
        }
    }

    void give(long bytes) {
        taken.addAndGet(-bytes);
    }

    long taken() {
        return taken.get();
    }
}
