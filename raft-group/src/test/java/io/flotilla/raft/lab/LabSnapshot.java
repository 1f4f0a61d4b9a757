package io.flotilla.raft.lab;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A state as it survives a crash, and as it travels.
 *
 * @param applied the last index in it
 * @param hash over its commands and their attempts
 * @param installed the last entry of the snapshot of another server that it goes back to
 */
record LabSnapshot(long applied, long hash, List<String> commands, EntryId installed) {
    static final LabSnapshot EMPTY = new LabSnapshot(0, 0, List.of(), EntryId.ZERO);

    SnapshotSource source() {
        return new SnapshotBytes(applied, encode());
    }

    private byte[] encode() {
        byte[] joined = String.join("\n", commands).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(20 + joined.length)
                .putLong(applied)
                .putLong(hash)
                .putInt(commands.size())
                .put(joined)
                .array();
    }

    /** Gathers a snapshot that comes from another server. */
    static final class Sink implements SnapshotSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void accept(byte[] part) {
            bytes.writeBytes(part);
        }

        @Override
        public void finish() {
            snapshot(EntryId.ZERO);
        }

        LabSnapshot snapshot(EntryId installed) {
            ByteBuffer in = ByteBuffer.wrap(bytes.toByteArray());
            long applied = in.getLong();
            long hash = in.getLong();
            int count = in.getInt();
            String joined = StandardCharsets.US_ASCII.decode(in).toString();
            List<String> commands = count == 0 ? List.of() : List.of(joined.split("\n", -1));
            if (commands.size() != count) {
                throw new IllegalArgumentException(commands.size() + " commands of " + count);
            }
            return new LabSnapshot(applied, hash, new ArrayList<>(commands), installed);
        }

        @Override
        public void close() {}
    }
}
