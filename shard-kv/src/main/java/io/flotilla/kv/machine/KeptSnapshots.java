package io.flotilla.kv.machine;

import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.List;

/**
 * Snapshots of groups that last: views of the engine that do. A batch brings the engine from one index of a group to another as a
 * whole, so any view holds a consistent snapshot of every group, and says its index. Any lane.
 */
final class KeptSnapshots {
    /** A smaller group is not worth a flush of the whole engine: what a restart costs is to send it again. */
    static final long LEAST_BYTES = 16L << 20;

    private KeptSnapshots() {}

    /** Null if the group is small. */
    static SnapshotSource keep(KvEngine engine, long group, List<ShardRow> shards, String name) {
        long bytes = 0;
        for (ShardRow shard : shards) {
            for (RowRange range : RowRange.of(shard)) {
                bytes += engine.approximateBytes(range.from(), range.to());
            }
        }
        if (bytes < LEAST_BYTES) {
            return null;
        }
        SnapshotSource kept = null;
        try {
            kept = open(group, engine.keepView(name));
        } finally {
            if (kept == null) {
                engine.forgetView(name);
            }
        }
        return kept;
    }

    /** The snapshot of a group in a view; null if it has none. The view is closed with it. */
    static SnapshotSource open(long group, EngineView view) {
        SnapshotSource found = null;
        byte[] key = Layout.groupKey(group);
        try (EngineCursor row = view.ascending(key, Keys.afterPrefix(key))) {
            if (row.next()) {
                found = new KvSnapshotSource(
                        group,
                        Layout.number(row.value()),
                        view,
                        null,
                        KvMachines.shards(view::ascending, group),
                        again -> null);
            }
        } finally {
            if (found == null) {
                view.close();
            }
        }
        return found;
    }
}
