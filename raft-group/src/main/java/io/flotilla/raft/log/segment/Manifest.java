package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Which segments make up the log: a small file that is replaced as a whole. Big-endian:
 *
 * <pre>magic 8 · version 4 · 0 4 · store id 8 · first segment 8 · its first batch 8 · last segment 8 · last synced batch 8 ·
 * 0 4 · CRC32C of these 60</pre>
 *
 * @param first the first segment needed; what lies before it was dropped
 * @param firstBatch the number of the first batch in it
 * @param last the last segment that may hold batches; {@code first - 1} if there is none yet
 * @param synced all batches up to this one were synced when this was written
 */
record Manifest(long storeId, int first, long firstBatch, int last, long synced) {
    static final String NAME = "MANIFEST";
    static final String TEMPORARY = "manifest.tmp";

    private static final long MAGIC = 0xF10711A0_3A41FE57L;
    private static final int BYTES = 64;

    /** Makes it the directory's manifest; durable on return. */
    void write(Disk disk, String directory) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        bytes.putLong(MAGIC).putInt(SegmentFormat.VERSION).putInt(0);
        bytes.putLong(storeId)
                .putLong(first)
                .putLong(firstBatch)
                .putLong(last)
                .putLong(synced)
                .putInt(0);
        bytes.putInt(SegmentFormat.crc(bytes.array(), 0, BYTES - 4)).flip();
        String temporary = directory + "/" + TEMPORARY;
        disk.delete(temporary);
        try (DiskFile file = disk.open(temporary)) {
            file.write(bytes, 0);
            file.force();
        }
        disk.rename(temporary, directory + "/" + NAME);
        disk.forceDirectory(directory);
    }

    /**
     * Null if the directory has none.
     *
     * @throws io.flotilla.raft.log.LogDamageException if it is damaged
     * @throws IOException if it can't be read or is of another version
     */
    static Manifest read(Disk disk, String directory) throws IOException {
        String path = directory + "/" + NAME;
        if (!disk.exists(path)) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(BYTES + 1);
        try (DiskFile file = disk.open(path)) {
            int read = file.read(bytes, 0);
            if (read != BYTES) {
                throw SegmentFormat.damage(
                        disk, path, Math.min(read, BYTES), "the file does not have " + BYTES + " bytes");
            }
        }
        if (bytes.getInt(BYTES - 4) != SegmentFormat.crc(bytes.array(), 0, BYTES - 4)) {
            throw SegmentFormat.damage(disk, path, 0, "the file's checksum is wrong");
        }
        if (bytes.getLong(0) != MAGIC) {
            throw SegmentFormat.damage(disk, path, 0, "the file is not the manifest of a log");
        }
        SegmentFormat.checkVersion(disk, path, bytes.getInt(8));
        return new Manifest(
                bytes.getLong(16),
                (int) bytes.getLong(24),
                bytes.getLong(32),
                (int) bytes.getLong(40),
                bytes.getLong(48));
    }
}
