package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import io.flotilla.kv.proto.HoldRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What this node holds of shards that move to the group: no state of the group. A hold's rows are written outside the log; its record
 * goes in the batch that brings the fence to its move, and never before once it is whole. Applier lane.
 */
final class Holds {
    private record Key(long shard, long move) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int shards = Long.compareUnsigned(shard, other.shard);
            return shards != 0 ? shards : Long.compareUnsigned(move, other.move);
        }
    }

    /** One hold, or a copy that becomes one. */
    static final class Hold {
        private final PublishedHold published;
        private HoldRow row;
        /** Of a whole one, as Adopt needs them; null if there is no room for them, or it is not whole. */
        private Map<SessionId, Session> sessions;

        private long sessionBytes;

        private Hold(HoldRow row, PublishedHold published) {
            this.row = row;
            this.published = published;
        }

        HoldRow row() {
            return row;
        }
    }

    /** What a whole hold has of sessions; not used again by the hold. May read them from the engine. */
    Map<SessionId, Session> sessions(Hold hold) {
        return hold.sessions != null ? hold.sessions : SessionTable.load(node.engine(), hold.row.getSessionNumber());
    }

    private void keep(Hold hold, Map<SessionId, Session> sessions) {
        long bytes = HeldSessions.bytes(sessions);
        if (node.heldSessions().take(bytes)) {
            hold.sessions = sessions;
            hold.sessionBytes = bytes;
        }
    }

    private void letGo(Hold hold) {
        node.heldSessions().give(hold.sessionBytes);
        hold.sessionBytes = 0;
        hold.sessions = null;
    }

    /** The machine is closed. */
    void close() {
        holds.values().forEach(this::letGo);
    }

    private final long group;
    private final NodeRows node;
    private final SortedMap<Key, Hold> holds = new TreeMap<>();
    /** Their records go with what is written back next. */
    private final List<Key> over = new ArrayList<>();

    /** As the engine has them. @param durable whether all that the engine has is durable */
    Holds(long group, NodeRows node, boolean durable) {
        this.group = group;
        this.node = node;
        KvEngine engine = node.engine();
        long sequence = engine.write(new EngineBatch());
        byte[] prefix = Layout.holdPrefix(group);
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                Key key = new Key(Layout.shardOf(rows.key()), Layout.moveOf(rows.key()));
                HoldRow row = HoldRow.parseFrom(rows.value());
                long number = row.getWhole() ? row.getChangeNumber() : -1;
                Hold hold = new Hold(row, published(key, DurableMark.of(durable ? number : -1, number, sequence)));
                if (row.getWhole()) {
                    keep(hold, SessionTable.load(engine, row.getSessionNumber()));
                }
                holds.put(key, hold);
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a hold's row of group " + group + " is damaged", e);
        }
    }

    private PublishedHold published(Key key, DurableMark changeNumber) {
        return new PublishedHold(node.engine(), key.shard, key.move, changeNumber);
    }

    /** All rows that holds have in the engine. */
    List<RowRange> rows() {
        List<RowRange> rows = new ArrayList<>();
        holds.values().forEach(hold -> rows.addAll(RowRange.of(hold.row)));
        return rows;
    }

    List<PublishedHold> published() {
        List<PublishedHold> published = new ArrayList<>();
        holds.values().forEach(hold -> published.add(hold.published));
        return published;
    }

    /** Or null. */
    Hold find(long shard, long move) {
        return holds.get(new Key(shard, move));
    }

    // ---- the log's ----

    /** The group has come to this move of the shard: holds up to it end. Their records go with what is written back next. */
    boolean end(long shard, long move) {
        List<Key> passed = new ArrayList<>(
                holds.subMap(new Key(shard, 0), new Key(shard, move + 1)).keySet());
        over.addAll(passed);
        passed.forEach(key -> letGo(holds.remove(key)));
        return !passed.isEmpty();
    }

    /** Adds the deletion of the records of what ended since the last call. */
    void drainTo(EngineBatch batch) {
        over.forEach(key -> batch.delete(key(key)));
        over.clear();
    }

    private byte[] key(Key key) {
        return Layout.holdKey(group, key.shard, key.move);
    }

    // ---- the copies' ----

    /** The place of the hold that there is. */
    HoldPlace place(Shard range, long move) {
        return new HoldPlace(node, range, move, find(range.getId(), move).row, null);
    }

    void record(HoldPlace place, EngineBatch batch) {
        Key key = new Key(place.shard().getId(), place.move());
        holds.put(key, new Hold(place.row(), published(key, DurableMark.of(-1, -1, 0))));
        batch.put(Layout.numberKey(place.generation()), new byte[0]);
        batch.put(Layout.numberKey(place.sessionNumber()), new byte[0]);
        batch.put(key(key), place.row().toByteArray());
    }

    /** Whether the place is the one recorded for the hold. */
    boolean isAt(HoldPlace place) {
        Hold hold = find(place.shard().getId(), place.move());
        return hold != null && hold.row.getPieces(0).getGeneration() == place.generation();
    }

    /** The copy has come so far. */
    void advance(HoldPlace place, ByteString copiedBehind, EngineBatch batch) {
        Key key = new Key(place.shard().getId(), place.move());
        Hold hold = holds.get(key);
        hold.row = hold.row.toBuilder().setCopiedBehind(copiedBehind).build();
        batch.put(key(key), hold.row.toByteArray());
    }

    /** The place is the hold, up to this change number; {@link #written} comes after the batch. */
    void complete(HoldPlace place, long changeNumber, PreparedSessions sessions, EngineBatch batch) {
        Key key = new Key(place.shard().getId(), place.move());
        HoldRow row = place.row().toBuilder()
                .clearCopiedBehind()
                .setWhole(true)
                .setChangeNumber(changeNumber)
                .build();
        Hold before = holds.get(key);
        Hold hold = new Hold(row, before != null ? before.published : published(key, DurableMark.of(-1, -1, 0)));
        if (before != null) {
            letGo(before);
        }
        keep(hold, sessions.sessions());
        holds.put(key, hold);
        batch.put(Layout.numberKey(place.generation()), new byte[0]);
        batch.put(Layout.numberKey(place.sessionNumber()), new byte[0]);
        batch.put(key(key), row.toByteArray());
    }

    /** A round for a whole hold; {@link #written} comes after the batch. */
    void update(long shard, long move, HoldUpdate update, EngineBatch batch) {
        Key key = new Key(shard, move);
        Hold hold = holds.get(key);
        long generation = hold.row.getPieces(0).getGeneration();
        for (ChangedRow row : update.rows()) {
            byte[] place = Layout.dataKey(generation, row.getKey());
            if (row.getPresent()) {
                batch.put(place, Layout.dataRow(new StoredRow(row.getVersion(), row.getValue())));
            } else {
                batch.delete(place);
            }
        }
        for (ChangedSession changed : update.sessions()) {
            SessionId id = new SessionId(changed.getHigh(), changed.getLow());
            byte[] place = Layout.sessionKey(hold.row.getSessionNumber(), id);
            if (changed.hasRow()) {
                batch.put(place, changed.getRow().toByteArray());
                replace(hold, id, new Session(id, changed.getRow()));
            } else {
                batch.delete(place);
                replace(hold, id, null);
            }
        }
        hold.row = hold.row.toBuilder().setChangeNumber(update.upTo()).build();
        batch.put(key(key), hold.row.toByteArray());
    }

    /** @param session as it is from now on; null if it is not there any more */
    private void replace(Hold hold, SessionId id, Session session) {
        if (hold.sessions == null) {
            return;
        }
        Session before = session == null ? hold.sessions.remove(id) : hold.sessions.put(id, session);
        long growth = HeldSessions.bytes(session) - HeldSessions.bytes(before);
        if (node.heldSessions().take(growth)) {
            hold.sessionBytes += growth;
        } else {
            letGo(hold);
        }
    }

    /** What was added for a whole hold has been written under this number of the engine's. */
    void written(long shard, long move, long sequence) {
        Hold hold = find(shard, move);
        hold.published.written(hold.row.getChangeNumber(), sequence);
    }

    /** A copy that is not whole ends. */
    void drop(long shard, long move, EngineBatch batch) {
        Key key = new Key(shard, move);
        letGo(holds.remove(key));
        batch.delete(key(key));
    }
}
