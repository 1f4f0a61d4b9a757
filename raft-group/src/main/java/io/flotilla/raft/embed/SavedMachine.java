package io.flotilla.raft.embed;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link ReplicatedState} as a state machine: its file holds the state as it was at some index, whole; a restart replays
 * the log from there. Belongs to the group's applier lane.
 */
final class SavedMachine implements StateMachine {
    private final ReplicatedState state;
    private final StateFile file;
    private long applied;
    private long durable;
    private EntryId installed = EntryId.ZERO;

    /** Reads what the last run saved. Blocks. */
    SavedMachine(ReplicatedState state, StateFile file) {
        this.state = state;
        this.file = file;
        byte[] saved;
        try {
            saved = file.read().orElse(null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (saved != null) {
            ByteBuffer in = ByteBuffer.wrap(saved);
            applied = in.getLong();
            durable = applied;
            installed = new EntryId(in.getLong(), in.getLong());
            byte[] snapshot = new byte[in.remaining()];
            in.get(snapshot);
            state.restore(snapshot);
        }
    }

    private void save(long index, EntryId snapshot, byte[] content) {
        byte[] whole = ByteBuffer.allocate(3 * Long.BYTES + content.length)
                .putLong(index)
                .putLong(snapshot.term())
                .putLong(snapshot.index())
                .put(content)
                .array();
        try {
            file.write(whole);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        durable = index;
        installed = snapshot;
    }

    ReplicatedState state() {
        return state;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            results.add(entry.kind() == EntryKind.COMMAND ? state.apply(entry.payload()) : null);
            applied = entry.index();
        }
        return results;
    }

    @Override
    public long durableIndex() {
        return durable;
    }

    /** At once: the state is small. */
    @Override
    public void flushSoon() {
        if (durable < applied) {
            save(applied, installed, state.save());
        }
    }

    @Override
    public SnapshotSource snapshot() {
        return new SnapshotBytes(applied, state.save());
    }

    private static final class Sink implements SnapshotSink {
        private final ByteArrayOutputStream parts = new ByteArrayOutputStream();

        @Override
        public void accept(byte[] part) {
            parts.writeBytes(part);
        }

        @Override
        public void finish() {}

        @Override
        public void close() {}
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new Sink();
    }

    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        byte[] content = ((Sink) snapshot).parts.toByteArray();
        save(last.index(), last, content);
        state.restore(content);
        applied = last.index();
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    @Override
    public void close() {}
}
