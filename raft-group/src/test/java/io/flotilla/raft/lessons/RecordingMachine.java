package io.flotilla.raft.lessons;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Keeps its commands. What it keeps is saved every few entries; a restart goes on from what was saved last. */
final class RecordingMachine implements StateMachine {
    /** A state as it survives a crash. */
    record Snapshot(long applied, List<String> commands, EntryId installed) {
        static final Snapshot EMPTY = new Snapshot(0, List.of(), EntryId.ZERO);
    }

    private final World.Node node;
    private final long group;
    private List<String> commands;
    private EntryId installed;
    private long applied;
    private boolean closed;

    RecordingMachine(World.Node node, long group) {
        this.node = node;
        this.group = group;
        Snapshot snapshot = node.snapshots.getOrDefault(group, Snapshot.EMPTY);
        this.applied = snapshot.applied;
        this.installed = snapshot.installed;
        this.commands = new ArrayList<>(snapshot.commands);
    }

    List<String> commands() {
        return commands;
    }

    boolean isClosed() {
        return closed;
    }

    long hash() {
        return commands.hashCode();
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        node.world().scheduler.spend(node.applyNanos);
        List<Object> results = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.index() != applied + 1) {
                throw new AssertionError(node.id + " applies " + entry + " after " + applied);
            }
            applied = entry.index();
            if (entry.kind() == EntryKind.COMMAND) {
                commands.add(new String(entry.payload(), StandardCharsets.US_ASCII));
                results.add((long) commands.size());
            } else {
                results.add(null);
            }
            if (node.saveEvery > 0 && applied % node.saveEvery == 0) {
                flushSoon();
            }
        }
        return results;
    }

    @Override
    public void flushSoon() {
        node.snapshots.put(group, new Snapshot(applied, List.copyOf(commands), installed));
    }

    @Override
    public SnapshotSource snapshot() {
        return new SnapshotBytes(applied, String.join("\n", commands).getBytes(StandardCharsets.US_ASCII));
    }

    private static final class Sink implements SnapshotSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void accept(byte[] part) {
            bytes.writeBytes(part);
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
        String joined = ((Sink) snapshot).bytes.toString(StandardCharsets.US_ASCII);
        commands = new ArrayList<>(joined.isEmpty() ? List.of() : List.of(joined.split("\n", -1)));
        applied = last.index();
        installed = last;
        flushSoon();
        node.installs++;
        node.onInstall.run();
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    @Override
    public long durableIndex() {
        return node.snapshots.getOrDefault(group, Snapshot.EMPTY).applied;
    }

    @Override
    public void close() {
        closed = true;
    }
}
