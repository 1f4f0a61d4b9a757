package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.log.segment.SegmentFormat.Segment;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads one segment file from front to back through a window in memory. One thread. */
final class SegmentScanner {
    private static final int WINDOW = 1 << 20;

    private final Segment segment;
    private final DiskFile file;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowStart;

    SegmentScanner(Segment segment, DiskFile file) {
        this.segment = segment;
        this.file = file;
    }

    /**
     * What lies at one place.
     *
     * @param fault why it is no batch of this segment; null if it is an intact one
     * @param intactHeader whether at least the header can be trusted; then number and synced are set
     */
    record Found(String fault, boolean intactHeader, long number, long synced, int payloadLength, int records) {
        static Found nothing(String fault) {
            return new Found(fault, false, 0, 0, 0, 0);
        }
    }

    /** Judges the batch that should begin at {@code position}. */
    Found batchAt(long position) throws IOException {
        Found header = headerAt(position);
        if (!header.intactHeader()) {
            return header;
        }
        int payload = at(position, SegmentFormat.BATCH_HEADER + header.payloadLength()) + SegmentFormat.BATCH_HEADER;
        int expected = window.getInt(payload - 8);
        if (SegmentFormat.crc(window.array(), payload, header.payloadLength()) == expected) {
            return header;
        }
        return new Found(
                "the checksum of batch " + header.number() + " is wrong",
                true,
                header.number(),
                header.synced(),
                header.payloadLength(),
                header.records());
    }

    private Found headerAt(long position) throws IOException {
        if (position + SegmentFormat.BATCH_HEADER > segment.size()) {
            return Found.nothing("the segment ends");
        }
        int at = at(position, SegmentFormat.BATCH_HEADER);
        if (window.getLong(at) != SegmentFormat.BATCH_MAGIC) {
            return Found.nothing("no batch begins here");
        }
        if (window.getInt(at + 44) != SegmentFormat.batchHeaderCrc(window.array(), at, segment.storeId())) {
            return Found.nothing("the checksum of the batch header is wrong");
        }
        if (window.getLong(at + 8) != segment.number()) {
            return Found.nothing("the batch belongs to segment " + window.getLong(at + 8));
        }
        int length = window.getInt(at + 32);
        if (length < 0 || length > segment.size() - position - SegmentFormat.BATCH_HEADER) {
            return Found.nothing("the batch is longer than its segment");
        }
        return new Found(null, true, window.getLong(at + 16), window.getLong(at + 24), length, window.getInt(at + 36));
    }

    /**
     * What lies behind the last good batch.
     *
     * @param witness the position of an intact header which proves that {@code batch} was synced, or -1
     * @param firstDirty the first place that is not zero, or -1; a multiple of 8
     */
    record Rest(long witness, long witnessBatch, long firstDirty, long dirtyEnd) {}

    /** Looks through the rest of the segment for proof that {@code batch} was synced. */
    Rest restFrom(long position, long batch) throws IOException {
        long firstDirty = -1;
        long dirtyEnd = -1;
        long from = position;
        while (from < segment.size()) {
            int length = (int) Math.min(WINDOW / 2, segment.size() - from);
            int start = at(from, length);
            ByteBuffer chunk = window;
            for (int i = 0; i < length; i += SegmentFormat.ALIGNMENT) {
                long value = chunk.getLong(start + i);
                if (value == 0) {
                    continue;
                }
                long here = from + i;
                if (firstDirty < 0) {
                    firstDirty = here;
                }
                dirtyEnd = here + SegmentFormat.ALIGNMENT;
                if (value == SegmentFormat.BATCH_MAGIC) {
                    Found header = headerAt(here);
                    if (header.intactHeader() && Math.max(header.synced(), header.number() - 1) >= batch) {
                        return new Rest(here, header.number(), firstDirty, dirtyEnd);
                    }
                    start = at(from, length);
                    chunk = window;
                }
            }
            from += length;
        }
        return new Rest(-1, -1, firstDirty, dirtyEnd);
    }

    /** The window; positions in it are those that {@link #at} returns, until the next call. */
    ByteBuffer window() {
        return window;
    }

    /** Brings {@code length} bytes from {@code position} into the window; returns where in it they begin. */
    int at(long position, int length) throws IOException {
        if (position < windowStart || position + length > windowStart + window.limit()) {
            int capacity = (int) Math.min(Math.max(length, WINDOW), segment.size() - position);
            if (capacity > window.capacity()) {
                window = ByteBuffer.allocate(capacity);
            }
            window.clear().limit(capacity);
            int read = file.read(window, position);
            if (read < capacity) {
                throw new EOFException(segment.path() + " ended at " + (position + read) + " while it was read");
            }
            window.flip();
            windowStart = position;
        }
        return (int) (position - windowStart);
    }
}
