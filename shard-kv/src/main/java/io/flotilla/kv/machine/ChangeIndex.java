package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which rows and sessions of a shard changed since its MoveOut, and at which change number: rows of the engine in the order of the
 * changes, state of the group. Rows not written back yet are in memory. Applier lane.
 */
final class ChangeIndex {
    /** Rows that one answer looks at, at most: it stops there, whatever it has found. */
    private static final int MAX_SCANNED = 16_384;
    /** What a changed row or session counts in an answer beside its bytes. */
    private static final int PART_OVERHEAD = 32;
    /** Bytes of changed rows between two marks. */
    private static final int MARK_BYTES = 4 << 10;

    private record Row(long changeNumber, long n, byte[] change) {}

    private final KvEngine engine;
    private final long number;
    private final long from;
    /** The engine has not even the number. */
    private boolean isNew;

    /** Of the present command: sizes of changed rows, and sessions. */
    private final Map<ByteString, Integer> keys = new LinkedHashMap<>();

    private final Set<SessionId> sessions = new TreeSet<>();
    /** Not written back yet. */
    private final List<Row> pending = new ArrayList<>();

    private long rows;
    /** Of all changed rows so far; and what they were at some change numbers, ascending. */
    private long bytes;

    private long newest;
    private long[] markNumbers = new long[16];
    private long[] markBytes = new long[16];
    private int marks;

    private ChangeIndex(KvEngine engine, long number, long from, boolean isNew) {
        this.engine = engine;
        this.number = number;
        this.from = from;
        this.newest = from;
        this.isNew = isNew;
        mark();
    }

    /** An empty one. @param from the shard's change number */
    static ChangeIndex begin(KvEngine engine, long number, long from) {
        return new ChangeIndex(engine, number, from, true);
    }

    /** As the engine has it. */
    static ChangeIndex open(KvEngine engine, long number, long from) {
        ChangeIndex index = new ChangeIndex(engine, number, from, false);
        RowRange all = RowRange.all(RowRange.Kind.CHANGES, number);
        try (EngineCursor found = engine.ascending(all.from(), all.to())) {
            while (found.next()) {
                index.count(Layout.changeNumberOf(found.key()), Layout.changedBytes(found.value()));
            }
        }
        return index;
    }

    long number() {
        return number;
    }

    /** The change number at which it begins. */
    long from() {
        return from;
    }

    long rows() {
        return rows;
    }

    /** @param size of the row as it is now */
    void changed(ByteString key, int size) {
        keys.put(key, size);
    }

    void changed(SessionId session) {
        sessions.add(session);
    }

    /** The command ends, with this change number. */
    void endCommand(long changeNumber) {
        if (keys.isEmpty() && sessions.isEmpty()) {
            return;
        }
        long n = 0;
        for (Map.Entry<ByteString, Integer> key : keys.entrySet()) {
            byte[] change = Layout.changeOf(key.getKey(), key.getValue());
            pending.add(new Row(changeNumber, n++, change));
            count(changeNumber, Layout.changedBytes(change));
        }
        // in an order of its own: replicas keep sessions in different ones
        for (SessionId session : sessions) {
            byte[] change = Layout.changeOf(session);
            pending.add(new Row(changeNumber, n++, change));
            count(changeNumber, Layout.changedBytes(change));
        }
        keys.clear();
        sessions.clear();
    }

    private void count(long changeNumber, long more) {
        if (changeNumber > newest && bytes - markBytes[marks - 1] >= MARK_BYTES) {
            mark();
        }
        newest = changeNumber;
        rows++;
        bytes += more;
    }

    private void mark() {
        if (marks == markNumbers.length) {
            markNumbers = Arrays.copyOf(markNumbers, 2 * marks);
            markBytes = Arrays.copyOf(markBytes, 2 * marks);
        }
        markNumbers[marks] = newest;
        markBytes[marks] = bytes;
        marks++;
    }

    /** Bytes of the rows that changed after a change number, at most. */
    long bytesAfter(long changeNumber) {
        if (changeNumber >= newest) {
            return 0;
        }
        int at = Arrays.binarySearch(markNumbers, 0, marks, changeNumber);
        return bytes - markBytes[at >= 0 ? at : Math.max(0, -at - 2)];
    }

    void drainTo(EngineBatch batch) {
        if (isNew) {
            isNew = false;
            batch.put(Layout.numberKey(number), new byte[0]);
        }
        for (Row row : pending) {
            batch.put(Layout.changeKey(number, row.changeNumber, row.n), row.change);
        }
        pending.clear();
    }

    /** As {@link ShardMoves#changesAfter}, within what the index knows. */
    ShardChanges after(ShardState shard, long after, long afterPart, int maxBytes) {
        return new Answer(shard, maxBytes).collect(after, afterPart);
    }

    /** One answer on its way. */
    private final class Answer {
        private final ShardState shard;
        private final int maxBytes;
        private final List<ChangedRow> changedRows = new ArrayList<>();
        private final List<ChangedSession> changedSessions = new ArrayList<>();
        private final Set<ByteString> seenKeys = new HashSet<>();
        private final Set<SessionId> seenSessions = new HashSet<>();
        private long collected;
        private int scanned;
        private long stoppedAt = -1;
        private long stoppedPart;

        Answer(ShardState shard, int maxBytes) {
            this.shard = shard;
            this.maxBytes = maxBytes;
        }

        ShardChanges collect(long after, long afterPart) {
            byte[] first = Layout.changeKey(number, after + 1, afterPart);
            boolean goesOn = true;
            try (EngineCursor found = engine.ascending(
                    first, RowRange.all(RowRange.Kind.CHANGES, number).to())) {
                while (goesOn && found.next()) {
                    byte[] key = found.key();
                    goesOn = take(Layout.changeNumberOf(key), Layout.changePartOf(key), found.value());
                }
            }
            for (int i = 0; goesOn && i < pending.size(); i++) {
                Row row = pending.get(i);
                boolean asked = row.changeNumber > after + 1 || (row.changeNumber == after + 1 && row.n >= afterPart);
                goesOn = !asked || take(row.changeNumber, row.n, row.change);
            }
            boolean whole = goesOn;
            return new ShardChanges(
                    shard.changeNumber(),
                    from,
                    whole ? shard.changeNumber() : stoppedAt - 1,
                    whole ? 0 : stoppedPart,
                    !whole,
                    changedRows,
                    changedSessions);
        }

        /** @return false if there is no room: the answer ends before it */
        private boolean take(long changeNumber, long part, byte[] change) {
            boolean taken = scanned++ < MAX_SCANNED
                    && (change[0] == Layout.CHANGED_KEY
                            ? take(Layout.changedKey(change))
                            : take(Layout.changedSession(change)));
            if (!taken) {
                stoppedAt = changeNumber;
                stoppedPart = part;
            }
            return taken;
        }

        private boolean take(ByteString key) {
            if (seenKeys.contains(key)) {
                return true;
            }
            StoredRow row = shard.rows().get(key);
            if (!hasRoom(key.size() + (row == null ? 0 : row.value().size()))) {
                return false;
            }
            ChangedRow.Builder changed = ChangedRow.newBuilder().setKey(key);
            if (row != null) {
                changed.setPresent(true).setVersion(row.version()).setValue(row.value());
            }
            changedRows.add(changed.build());
            return seenKeys.add(key);
        }

        private boolean take(SessionId id) {
            if (seenSessions.contains(id)) {
                return true;
            }
            Session session = shard.sessions().find(id);
            ChangedSession.Builder changed =
                    ChangedSession.newBuilder().setHigh(id.high()).setLow(id.low());
            if (session != null) {
                changed.setRow(session.row());
            }
            ChangedSession built = changed.build();
            return hasRoom(built.getSerializedSize()) && changedSessions.add(built) && seenSessions.add(id);
        }

        /** If so, it is taken. */
        private boolean hasRoom(long size) {
            if (collected > 0 && collected + PART_OVERHEAD + size > maxBytes) {
                return false;
            }
            collected += PART_OVERHEAD + size;
            return true;
        }
    }
}
