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
 * The sessions of one shard, held in memory and written to the engine once per session and batch of the engine. Every
 * change depends on entries and log time alone, so all replicas remember and forget the same. Applier lane.
 */
final class SessionTable {
    private final long number;
    private final SessionLimits limits;
    private final Map<SessionId, Session> sessions = new LinkedHashMap<>();
    private final List<Session> dirty = new ArrayList<>();
    private final List<SessionId> forgotten = new ArrayList<>();

    private final ShardGauge gauge;

    /** While the shard moves; else null. */
    private ChangeIndex index;

    private long bytes;
    private long sweepAt;
    private boolean changed;

    SessionTable(KvEngine engine, long number, long sweepAt, SessionLimits limits, ShardGauge gauge) {
        this(load(engine, number), number, sweepAt, limits, gauge);
    }

    /** @param loaded what the engine has under the number; not used again by others */
    SessionTable(Map<SessionId, Session> loaded, long number, long sweepAt, SessionLimits limits, ShardGauge gauge) {
        this.number = number;
        this.gauge = gauge;
        this.limits = limits;
        this.sweepAt = sweepAt;
        for (Session session : loaded.values()) {
            sessions.put(session.id(), session);
            bytes += session.bytes();
            gauge.began(session.id());
            publish(session);
        }
        publishRoom();
    }

    /** The sessions under a number, in the order of their identities. */
    static Map<SessionId, Session> load(KvEngine engine, long number) {
        Map<SessionId, Session> loaded = new LinkedHashMap<>();
        byte[] prefix = Layout.sessionPrefix(number);
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                SessionId id = Layout.sessionOf(rows.key());
                loaded.put(id, new Session(id, SessionRow.parseFrom(rows.value())));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a session row under number " + number + " is damaged", e);
        }
        return loaded;
    }

    /** From now on what changes is told to this index; null: to none. */
    void tell(ChangeIndex changes) {
        index = changes;
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
            bytes += session.bytes();
            publish(session);
        } else {
            bytes += session.bytes();
        }
    }

    /** Whether a session was begun, changed or forgotten since the last call. */
    boolean takeChanged() {
        boolean any = changed;
        changed = false;
        return any;
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
            if (logTime >= busySweepAt()) {
                sweep(logTime);
            }
            if (sessions.size() >= limits.maxSessions()) {
                return "the shard remembers " + sessions.size() + " sessions already";
            }
        }
        if (session != null && isFull(session)) {
            return "the session has " + session.replyCount() + " unacknowledged writes with " + session.bytes()
                    + " bytes of replies in this shard";
        }
        return bytes >= limits.maxShardBytes() ? "the shard remembers " + bytes + " bytes of replies" : null;
    }

    private boolean isFull(Session session) {
        return session.replyCount() >= limits.maxReplies() || session.bytes() >= limits.maxSessionBytes();
    }

    private void publish(Session session) {
        long oldest = isFull(session) ? session.firstUnacknowledged() : 0;
        if (session.publish(oldest)) {
            gauge.room(session.id(), oldest);
        }
        gauge.bytes(bytes >= limits.maxShardBytes());
    }

    private void publishRoom() {
        if (sessions.size() >= limits.maxSessions()) {
            gauge.noSessionsBefore(busySweepAt());
        } else {
            gauge.roomForSessions();
        }
        gauge.bytes(bytes >= limits.maxShardBytes());
    }

    /** The next sweep while there is no room for another session. */
    private long busySweepAt() {
        return sweepAt - limits.sweepMillis() + limits.busySweepMillis();
    }

    /** A session that is not here yet. */
    Session begin(SessionId id, long firstUnacknowledged) {
        Session session = new Session(id);
        session.acknowledge(firstUnacknowledged);
        sessions.put(id, session);
        gauge.began(id);
        publishRoom();
        return session;
    }

    /** The client is done with it; nothing if it is not here. */
    void forget(SessionId id) {
        Session session = sessions.remove(id);
        if (session != null) {
            bytes -= session.bytes();
            forgotten(id);
            publishRoom();
        }
    }

    private void forgotten(SessionId id) {
        forgotten.add(id);
        gauge.forgot(id);
        changed(id);
    }

    private void changed(SessionId id) {
        changed = true;
        if (index != null) {
            index.changed(id);
        }
    }

    /** The session as another group had it, or its absence. Nothing of it counts as a change here. */
    void replace(SessionId id, SessionRow row) {
        forget(id);
        if (row != null) {
            Session session = new Session(id, row);
            sessions.put(id, session);
            bytes += session.bytes();
            gauge.began(id);
            touch(session);
            publish(session);
            publishRoom();
        }
    }

    void keep(Session session, KeptReply reply) {
        bytes -= session.bytes();
        session.keep(reply);
        bytes += session.bytes();
        touch(session);
        publish(session);
    }

    /** Forgets, now and then, what log time has passed. */
    void expire(long logTime) {
        if (logTime >= sweepAt) {
            sweep(logTime);
        }
    }

    /** Forgets what log time has passed. */
    void sweep(long logTime) {
        for (Iterator<Session> all = sessions.values().iterator(); all.hasNext(); ) {
            Session session = all.next();
            bytes -= session.bytes();
            if (SessionLimits.isOver(session.latestNotAfter(), logTime)) {
                all.remove();
                forgotten(session.id());
                continue;
            }
            boolean expired = session.expire(logTime);
            bytes += session.bytes();
            if (expired) {
                touch(session);
                publish(session);
            }
        }
        sweepAt = logTime + limits.sweepMillis();
        publishRoom();
    }

    private void touch(Session session) {
        changed(session.id());
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
