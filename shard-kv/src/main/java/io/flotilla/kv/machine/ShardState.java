package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.List;

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

    private long lastVersion;
    private long changeNumber;
    private long logTime;
    private boolean dirty;
    /** {@link #rows}' bytes as they were last told. */
    private long bytesTold;

    ShardState(NodeRows node, ShardRow row) {
        this.engine = node.engine();
        this.shard = row.getShard();
        this.opened = row;
        this.pieces = Pieces.of(row);
        this.lastVersion = row.getLastVersion();
        this.changeNumber = row.getChangeNumber();
        this.logTime = row.getLogTimeMillis();
        this.gauge = new ShardGauge(node.clock(), logTime);
        this.sessions = new SessionTable(engine, row.getSessionNumber(), row.getSweepAtMillis(), node.limits(), gauge);
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
        return rows;
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

    /** What a command had for this shard is done. */
    void endCommand() {
        if (sessions.takeChanged()) {
            changeNumber++;
        }
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
        return opened.toBuilder()
                .setLastVersion(lastVersion)
                .setChangeNumber(changeNumber)
                .setLogTimeMillis(logTime)
                .setSweepAtMillis(sessions.sweepAt())
                .build();
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
