package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.ChangeIndexRow;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import io.flotilla.kv.proto.MoveRow;
import io.flotilla.kv.proto.ShardCounters;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One shard of a group: its place, its counters, its sessions, and the changes not in the engine yet. Applier lane. */
final class ShardState {
    private final KvEngine engine;
    private final Shard shard;
    /** The row as it was read: what does not change while the shard is open. */
    private final ShardRow opened;

    private final Pieces pieces;
    private final SessionTable sessions;
    private final ShardGauge gauge;
    private final Overlay rows = new Overlay(new EngineRows());
    /** What requests see while the shard moves. */
    private final Rows told = new ToldRows();
    /** While it moves or is frozen; else null. */
    private MoveRow move;

    private ChangeIndex index;

    private long lastVersion;
    private long changeNumber;
    private long logTime;
    private boolean dirty;
    /** {@link #rows}' bytes as they were last told. */
    private long bytesTold;

    /** As the engine has it. */
    ShardState(NodeRows node, ShardRow row) {
        this(node, row, SessionTable.load(node.engine(), row.getSessionNumber()));
        if (row.hasMove()) {
            move = row.getMove();
            index = ChangeIndex.open(engine, row.getChangeIndex().getNumber(), move.getFromChangeNumber());
            sessions.tell(index);
        }
    }

    /** @param loaded the sessions that the engine has under the shard's session number; not used again by others */
    private ShardState(NodeRows node, ShardRow row, Map<SessionId, Session> loaded) {
        this.engine = node.engine();
        this.shard = row.getShard();
        this.opened = row.toBuilder().clearMove().clearChangeIndex().build();
        this.pieces = Pieces.of(row);
        this.lastVersion = row.getLastVersion();
        this.changeNumber = row.getChangeNumber();
        this.logTime = row.getLogTimeMillis();
        this.gauge = new ShardGauge(node.clock(), logTime);
        this.sessions = new SessionTable(loaded, row.getSessionNumber(), row.getSweepAtMillis(), node.limits(), gauge);
    }

    /**
     * A shard that the group adopts: what was held of it, with what changed after that, and swept.
     *
     * @param row where the rows lie, and the counters as they were frozen
     * @param loaded the sessions of the hold; not used again by others
     */
    static ShardState adopt(NodeRows node, ShardRow row, Map<SessionId, Session> loaded, AdoptCommand adopt) {
        ShardState shard = new ShardState(node, row, loaded);
        for (ChangedRow changed : adopt.getRowsList()) {
            if (changed.getPresent()) {
                shard.rows.put(changed.getKey(), new StoredRow(changed.getVersion(), changed.getValue()));
            } else {
                shard.rows.delete(changed.getKey());
            }
        }
        for (ChangedSession changed : adopt.getSessionsList()) {
            shard.sessions.replace(
                    new SessionId(changed.getHigh(), changed.getLow()), changed.hasRow() ? changed.getRow() : null);
        }
        shard.sessions.sweep(shard.logTime);
        // it has come with its change number
        shard.sessions.takeChanged();
        shard.dirty = true;
        return shard;
    }

    Shard shard() {
        return shard;
    }

    long id() {
        return shard.getId();
    }

    long epoch() {
        return shard.getEpoch();
    }

    Pieces pieces() {
        return pieces;
    }

    long logTime() {
        return logTime;
    }

    /** What others may know of it. */
    ShardGauge gauge() {
        return gauge;
    }

    /** The applied commands that changed a row or a session: none changes a row and no session. */
    long changeNumber() {
        return changeNumber;
    }

    long lastVersion() {
        return lastVersion;
    }

    SessionTable sessions() {
        return sessions;
    }

    /** The data, with all changes applied so far. */
    Rows rows() {
        return index == null ? rows : told;
    }

    /** The move by which it moves or is frozen; null if it does neither. */
    MoveRow move() {
        return move;
    }

    /** Null if it does not move and is not frozen. */
    ChangeIndex index() {
        return index;
    }

    /** Frozen: nothing of it is served, and nothing changes any more. */
    boolean isFrozen() {
        return move != null && move.getFrozenAt() != 0;
    }

    boolean movesBy(long id) {
        return move != null && move.getMove() == id;
    }

    /** As the group that it moves to will serve it. */
    Shard whereItGoes() {
        return shard.toBuilder()
                .setGroup(move.getTarget())
                .setEpoch(epoch() + 1)
                .build();
    }

    /** It begins to move. @param row without the change number @param number of the change index's rows, fresh */
    void moveOut(MoveRow row, long number) {
        index = ChangeIndex.begin(engine, number, changeNumber);
        move = row.toBuilder().setFromChangeNumber(changeNumber).build();
        sessions.tell(index);
        dirty = true;
    }

    /** The move is further: only what its row says changes. */
    void moved(MoveRow row) {
        move = row;
        dirty = true;
    }

    /** It stays. */
    void cancelMove() {
        move = null;
        index = null;
        sessions.tell(null);
        dirty = true;
    }

    ShardCounters counters() {
        return ShardCounters.newBuilder()
                .setLastVersion(lastVersion)
                .setChangeNumber(changeNumber)
                .setLogTimeMillis(logTime)
                .setSweepAtMillis(sessions.sweepAt())
                .build();
    }

    /** How many bytes of values more than at the last call are kept back; what was written does not count. */
    long takeGrowth() {
        long growth = rows.bytes() - bytesTold;
        bytesTold += growth;
        return growth;
    }

    /** A request has come. Log time never falls, whatever the leaders' clocks say. */
    void advance(long commandMillis) {
        logTime = Math.max(logTime, commandMillis);
        dirty = true;
        sessions.expire(logTime);
    }

    /** The write was done with this version. */
    void wrote(long version) {
        lastVersion = version;
    }

    /**
     * What a command had for this shard is done.
     *
     * @return false if that ended its move: the change index is past its bound
     */
    boolean endCommand() {
        if (sessions.takeChanged()) {
            changeNumber++;
        }
        if (index == null) {
            return true;
        }
        index.endCommand(changeNumber);
        if (isFrozen() || index.rows() <= move.getChangeIndexRows()) {
            return true;
        }
        cancelMove();
        return false;
    }

    /** Adds everything that changed since the last call; nothing if no write has come since. */
    void drainTo(long group, EngineBatch batch) {
        if (!dirty) {
            return;
        }
        dirty = false;
        List<Change> changes = new ArrayList<>(rows.size());
        rows.drain((key, row) -> changes.add(new Change(prefix(key), key, row)));
        bytesTold = 0;
        // neighbours together: the engine finds the place of one from the place of the one before
        changes.sort(null);
        for (int i = 0; i < changes.size(); i++) {
            Change change = changes.get(i);
            byte[] key = pieces.dataKey(change.key);
            if (change.row == null) {
                batch.delete(key);
            } else {
                batch.put(key, Layout.dataRow(change.row));
            }
        }
        sessions.drainTo(batch);
        if (index != null) {
            index.drainTo(batch);
        }
        batch.put(Layout.shardKey(group, id()), toRow().toByteArray());
    }

    /** The first eight bytes as a number of the same order, but for what is shorter. */
    private static long prefix(ByteString key) {
        long prefix = 0;
        int length = Math.min(8, key.size());
        for (int i = 0; i < length; i++) {
            prefix |= (key.byteAt(i) & 0xFFL) << (56 - 8 * i);
        }
        return prefix;
    }

    private record Change(long prefix, ByteString key, StoredRow row) implements Comparable<Change> {
        @Override
        public int compareTo(Change other) {
            return Long.compareUnsigned(prefix, other.prefix);
        }
    }

    ShardRow toRow() {
        ShardRow.Builder row = opened.toBuilder()
                .setLastVersion(lastVersion)
                .setChangeNumber(changeNumber)
                .setLogTimeMillis(logTime)
                .setSweepAtMillis(sessions.sweepAt());
        if (move != null) {
            row.setMove(move)
                    .setChangeIndex(
                            ChangeIndexRow.newBuilder().setMove(move.getMove()).setNumber(index.number()));
        }
        return row.build();
    }

    /** Tells the change index of each change. */
    private final class ToldRows implements Rows {
        @Override
        public StoredRow get(ByteString key) {
            return rows.get(key);
        }

        @Override
        public void put(ByteString key, StoredRow row) {
            rows.put(key, row);
            index.changed(key, row.value().size());
        }

        @Override
        public void delete(ByteString key) {
            rows.delete(key);
            index.changed(key, 0);
        }
    }

    private final class EngineRows implements Rows {
        @Override
        public StoredRow get(ByteString key) {
            byte[] row = engine.get(pieces.dataKey(key));
            return row == null ? null : Layout.row(row);
        }

        @Override
        public void put(ByteString key, StoredRow row) {
            throw new UnsupportedOperationException("the engine is written in batches");
        }

        @Override
        public void delete(ByteString key) {
            throw new UnsupportedOperationException("the engine is written in batches");
        }
    }
}
