package io.flotilla.raft.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the applied commands in order and shows each to its server, which compares it with the others'. If the test
 * wants snapshots, each tenth command is followed by one.
 */
final class LabMachine implements StateMachine {
    private static final int COMMANDS_PER_SNAPSHOT = 10;

    private final LabServer server;
    private final boolean snapshots;
    private List<String> commands;
    private EntryId installed;
    private long applied;
    private long hash;

    /** Goes on from the snapshot that survived. */
    LabMachine(LabServer server, boolean snapshots) {
        this.server = server;
        this.snapshots = snapshots;
        become(server.snapshot());
    }

    private void become(LabSnapshot snapshot) {
        commands = new ArrayList<>(snapshot.commands());
        applied = snapshot.applied();
        hash = snapshot.hash();
        installed = snapshot.installed();
        server.becomes(commands);
    }

    long hash() {
        return hash;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.index() != applied + 1) {
                throw new LabFailure("server applies index %d after %d", entry.index(), applied);
            }
            applied = entry.index();
            if (entry.kind() == EntryKind.COMMAND) {
                LabCommand command = LabCommand.of(entry.payload());
                commands.add(command.text());
                hash = hash * 31 + command.hashCode();
                server.applies(applied, commands.size(), command.text());
                results.add((long) commands.size());
                if (snapshots && commands.size() % COMMANDS_PER_SNAPSHOT == 0) {
                    flushSoon();
                }
            } else {
                server.applies(applied, commands.size(), null);
                results.add(null);
            }
        }
        return results;
    }

    @Override
    public long durableIndex() {
        return server.snapshot().applied();
    }

    @Override
    public void flushSoon() {
        server.save(new LabSnapshot(applied, hash, List.copyOf(commands), installed));
    }

    @Override
    public SnapshotSource snapshot() {
        return new LabSnapshot(applied, hash, List.copyOf(commands), EntryId.ZERO).source();
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new LabSnapshot.Sink();
    }

    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        LabSnapshot whole = ((LabSnapshot.Sink) snapshot).snapshot(last);
        if (whole.applied() != last.index()) {
            throw new LabFailure("a snapshot up to %d came as one up to %s", whole.applied(), last);
        }
        server.save(whole);
        become(whole);
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    @Override
    public void close() {}
}
