package io.flotilla.kv.machine;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.ArrayList;
import java.util.List;

/** Snapshots on their way from one machine to another, for tests. */
final class KvSnapshots {
    private KvSnapshots() {}

    /** All parts of the machine's snapshot. */
    static List<byte[]> parts(KvStateMachine machine, int maxBytes) {
        try (SnapshotSource source = machine.snapshot()) {
            return parts(source, maxBytes);
        }
    }

    static List<byte[]> parts(SnapshotSource source, int maxBytes) {
        List<byte[]> parts = new ArrayList<>();
        for (SnapshotSource.Chunk part = source.next(maxBytes); part != null; part = source.next(maxBytes)) {
            parts.add(part.bytes());
        }
        return parts;
    }

    /** A finished sink of the machine with these parts. */
    static SnapshotSink received(KvStateMachine machine, List<byte[]> parts) {
        SnapshotSink sink = machine.receiveSnapshot();
        parts.forEach(sink::accept);
        sink.finish();
        return sink;
    }

    static void install(KvStateMachine machine, List<byte[]> parts, EntryId last) {
        try (SnapshotSink sink = received(machine, parts)) {
            machine.install(sink, last);
        }
    }

    /** Brings one machine to where the other is. */
    static void transfer(KvStateMachine from, KvStateMachine to, int maxBytes) {
        install(to, parts(from, maxBytes), new EntryId(1, from.appliedIndex()));
    }
}
