package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.KeptReply;
import io.flotilla.kv.proto.SessionRow;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sessions of one shard, held in memory and written to the engine once per session and batch of entries. Every
 * change depends on entries and log time alone, so all replicas remember and forget the same. Applier lane.
 */
final class SessionTable {
    private final long number;
    private final SessionLimits limits;
    private final Map<SessionId, Session> sessions = new LinkedHashMap<>();
    private final List<Session> dirty = new ArrayList<>();
    private final List<SessionId> forgotten = new ArrayList<>();

    private long bytes;
    private long sweepAt;

    SessionTable(KvEngine engine, long number, long sweepAt, SessionLimits limits) {
        this.number = number;
        this.limits = limits;
        this.sweepAt = sweepAt;
        byte[] prefix = Layout.sessionPrefix(number);
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                SessionId id = Layout.sessionOf(rows.key());
                Session session = new Session(id, SessionRow.parseFrom(rows.value()));
                sessions.put(id, session);
                bytes += session.bytes();
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a session row under number " + number + " is damaged", e);
        }
    }

    long sweepAt() {
        return sweepAt;
    }

    Session find(SessionId id) {
        return sessions.get(id);
    }

    void acknowledge(Session session, long below) {
        bytes -= session.bytes();
        if (session.acknowledge(below)) {
            touch(session);
        }
        bytes += session.bytes();
    }

    /**
     * Why there is no room to remember the reply to a write of this session, or null. The session's oldest
     * unacknowledged write always has room: until it is answered, nothing that was kept can be acknowledged.
     */
    String full(Session session, long sequence, long logTime) {
        if (session != null && sequence == session.firstUnacknowledged()) {
            return null;
        }
        if (session == null && sessions.size() >= limits.maxSessions()) {
            if (logTime >= sweepAt - limits.sweepMillis() + limits.busySweepMillis()) {
                sweep(logTime);
            }
            if (sessions.size() >= limits.maxSessions()) {
                return "the shard remembers " + sessions.size() + " sessions already";
            }
        }
        if (session != null
                && (session.replyCount() >= limits.maxReplies() || session.bytes() >= limits.maxSessionBytes())) {
            return "the session has " + session.replyCount() + " unacknowledged writes with " + session.bytes()
                    + " bytes of replies in this shard";
        }
        return bytes >= limits.maxShardBytes() ? "the shard remembers " + bytes + " bytes of replies" : null;
    }

    /** A session that is not here yet. */
    Session begin(SessionId id, long firstUnacknowledged) {
        Session session = new Session(id);
        session.acknowledge(firstUnacknowledged);
        sessions.put(id, session);
        return session;
    }

    void keep(Session session, KeptReply reply) {
        bytes -= session.bytes();
        session.keep(reply);
        bytes += session.bytes();
        touch(session);
    }

    /** Forgets, now and then, what log time has passed. */
    void expire(long logTime) {
        if (logTime >= sweepAt) {
            sweep(logTime);
        }
    }

    private void sweep(long logTime) {
        for (Iterator<Session> all = sessions.values().iterator(); all.hasNext(); ) {
            Session session = all.next();
            bytes -= session.bytes();
            if (session.latestNotAfter() < logTime) {
                all.remove();
                forgotten.add(session.id());
                continue;
            }
            if (session.expire(logTime)) {
                touch(session);
            }
            bytes += session.bytes();
        }
        sweepAt = logTime + limits.sweepMillis();
    }

    private void touch(Session session) {
        if (session.markDirty()) {
            dirty.add(session);
        }
    }

    /** Adds the rows that changed since the last call. */
    void drainTo(EngineBatch batch) {
        // deletions first: a session that was forgotten may have come back since
        for (SessionId id : forgotten) {
            batch.delete(Layout.sessionKey(number, id));
        }
        forgotten.clear();
        for (Session session : dirty) {
            session.clean();
            if (sessions.get(session.id()) == session) {
                batch.put(Layout.sessionKey(number, session.id()), session.toRow());
            }
        }
        dirty.clear();
    }
}
