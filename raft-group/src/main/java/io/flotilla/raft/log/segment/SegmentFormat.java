package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.log.LogDamageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The file format: numbers are big-endian.
 *
 * <pre>
 * file    magic 8 · version 4 · 0 4 · segment 8 · file size 8 · store id 8 · 0 20 · CRC32C of these 60 · zeros to 4096
 * batch   magic 8 · segment 8 · batch 8 · last synced batch 8 · payload length 4 · records 4 · CRC32C of payload 4 ·
 *         CRC32C of store id and these 44 · payload · zeros to a multiple of 8
 * </pre>
 *
 * The place of magic, version and checksum in the file header is the same in every version.
 */
final class SegmentFormat {
    static final int VERSION = 4;
    /** Where the first batch begins: headers and batches share no page. */
    static final int DATA_START = 4096;

    static final int ALIGNMENT = 8;
    static final int BATCH_HEADER = 48;
    static final long BATCH_MAGIC = 0xF10711A0_BA7C4E1DL;

    private static final long FILE_MAGIC = 0xF10711A0_5E6F11E0L;
    private static final int FILE_HEADER = 64;

    private static final String SUFFIX = ".log";
    private static final int DIGITS = 10;
    /** A segment being created, and space written out ahead for the next one. */
    static final String TEMPORARY = "next.tmp";

    static final String SPARE = "spare.tmp";

    private SegmentFormat() {}

    static String fileName(int segment) {
        String digits = Integer.toString(segment);
        return "0".repeat(DIGITS - digits.length()) + digits + SUFFIX;
    }

    /** The number in a segment's file name, or 0 if it is not one. */
    static int numberOf(String fileName) {
        if (fileName.length() != DIGITS + SUFFIX.length() || !fileName.endsWith(SUFFIX)) {
            return 0;
        }
        long number = 0;
        for (int i = 0; i < DIGITS; i++) {
            char c = fileName.charAt(i);
            if (c < '0' || c > '9') {
                return 0;
            }
            number = number * 10 + (c - '0');
        }
        return number <= Integer.MAX_VALUE ? (int) number : 0;
    }

    static long align(long length, int alignment) {
        return (length + alignment - 1) / alignment * alignment;
    }

    static ByteBuffer fileHeader(int segment, long fileSize, long storeId) {
        ByteBuffer header = ByteBuffer.allocate(FILE_HEADER);
        header.putLong(FILE_MAGIC).putInt(VERSION).putInt(0);
        header.putLong(segment).putLong(fileSize).putLong(storeId);
        header.putInt(FILE_HEADER - 4, crc(header.array(), 0, FILE_HEADER - 4));
        return header.clear();
    }

    /** A segment file as its header describes it. */
    record Segment(int number, String path, long size, long storeId) {}

    /**
     * Reads and judges a file's header.
     *
     * @throws LogDamageException if it is damaged, cut short or belongs elsewhere
     * @throws IOException if it can't be read or is of a newer version
     */
    static Segment readFileHeader(Disk disk, String path, int expectedNumber, DiskFile file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FILE_HEADER);
        int read = file.read(header, 0);
        if (read < FILE_HEADER) {
            throw damage(disk, path, read, "the file ends inside its header");
        }
        if (header.getInt(FILE_HEADER - 4) != crc(header.array(), 0, FILE_HEADER - 4)) {
            throw damage(disk, path, 0, "the file header's checksum is wrong");
        }
        if (header.getLong(0) != FILE_MAGIC) {
            throw damage(disk, path, 0, "the file is not a segment of a log");
        }
        checkVersion(disk, path, header.getInt(8));
        long number = header.getLong(16);
        long size = header.getLong(24);
        if (number != expectedNumber) {
            throw damage(disk, path, 16, "the file is segment " + number + " by its header");
        }
        if (file.size() != size) {
            throw damage(
                    disk,
                    path,
                    Math.min(size, file.size()),
                    "the file has " + file.size() + " bytes but was created with " + size);
        }
        return new Segment(expectedNumber, path, size, header.getLong(32));
    }

    static void checkVersion(Disk disk, String path, int version) throws IOException {
        if (version != VERSION) {
            throw new OtherVersionException("log file " + disk.describe(path) + " has format version " + version
                    + ", this program reads version " + VERSION + ": start "
                    + (version < VERSION
                            ? "the program version that wrote it, or give the node an empty data directory"
                            : "a newer program version"));
        }
    }

    static LogDamageException damage(Disk disk, String path, long offset, String what) {
        return new LogDamageException(
                "log file " + disk.describe(path) + " is damaged at offset " + offset + ": " + what
                        + ". This node can't go on with it: replace the node by a new one, its groups have other replicas");
    }

    static void sealBatchHeader(
            byte[] batch, int payloadLength, int records, long storeId, int segment, long number, long synced) {
        ByteBuffer header = ByteBuffer.wrap(batch, 0, BATCH_HEADER);
        header.putLong(BATCH_MAGIC).putLong(segment).putLong(number).putLong(synced);
        header.putInt(payloadLength).putInt(records).putInt(crc(batch, BATCH_HEADER, payloadLength));
        header.putInt(batchHeaderCrc(batch, 0, storeId));
    }

    static int batchHeaderCrc(byte[] bytes, int offset, long storeId) {
        CRC32C crc = new CRC32C();
        for (int shift = 56; shift >= 0; shift -= 8) {
            crc.update((int) (storeId >>> shift));
        }
        crc.update(bytes, offset, BATCH_HEADER - 4);
        return (int) crc.getValue();
    }

    static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
