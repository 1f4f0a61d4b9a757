package io.flotilla.kv.machine;

/**
 * A place between two records of a group's snapshot.
 *
 * @param stage what kind of record comes next
 * @param shard the place among the shards of what comes next
 * @param sessions records of sessions before it
 * @param rows records of data before it
 * @param changes records of changes before it
 * @param checksum of all records before it
 * @param lastKey the engine's key of the last row of this stage and shard; null if there is none yet
 */
record SnapshotPosition(int stage, int shard, long sessions, long rows, long changes, int checksum, byte[] lastKey) {
    private static final SnapshotPosition BEGINNING = new SnapshotPosition(0, 0, 0, 0, 0, 0, null);

    byte[] encode() {
        RecordWriter out = new RecordWriter();
        out.putVarint(stage)
                .putVarint(shard)
                .putVarint(sessions)
                .putVarint(rows)
                .putVarint(changes)
                .putInt(checksum)
                .putVarint(lastKey == null ? 0 : lastKey.length);
        if (lastKey != null) {
            out.put(lastKey, 0, lastKey.length);
        }
        return out.copy();
    }

    /** @param position empty for the beginning @throws IllegalArgumentException if it makes no sense */
    static SnapshotPosition decode(byte[] position) {
        if (position.length == 0) {
            return BEGINNING;
        }
        RecordReader in = new RecordReader(position);
        int stage = in.getVarint("a stage", Byte.MAX_VALUE);
        int shard = in.getVarint("the place of a shard", Integer.MAX_VALUE);
        long sessions = in.getVarint();
        long rows = in.getVarint();
        long changes = in.getVarint();
        int checksum = in.getInt();
        int length = in.getVarint("the length of a key", position.length);
        byte[] lastKey = length == 0 ? null : in.get(length);
        if (in.hasMore()) {
            throw new IllegalArgumentException("a position goes on behind its end");
        }
        return new SnapshotPosition(stage, shard, sessions, rows, changes, checksum, lastKey);
    }

    SnapshotPosition with(int newChecksum) {
        return new SnapshotPosition(stage, shard, sessions, rows, changes, newChecksum, lastKey);
    }

    int stage(int last) {
        if (stage > last) {
            throw new IllegalArgumentException("a position in stage " + stage);
        }
        return stage;
    }

    int shard(int shards) {
        if (shard > shards || (lastKey != null && shard == shards)) {
            throw new IllegalArgumentException("a position in shard " + shard + " of " + shards);
        }
        return shard;
    }
}
