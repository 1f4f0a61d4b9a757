package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** A log's files as bytes, to be damaged by tests. */
final class LogBytes {
    private LogBytes() {}

    static byte[] read(Disk disk, String path) throws IOException {
        try (DiskFile file = disk.open(path)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) file.size());
            file.read(buffer, 0);
            return buffer.array();
        }
    }

    static void write(Disk disk, String path, byte[] bytes) throws IOException {
        try (DiskFile file = disk.open(path)) {
            file.setSize(bytes.length);
            file.write(ByteBuffer.wrap(bytes), 0);
            file.force();
        }
    }

    /** A disk with this one segment, in the directory {@code log}. */
    static SimDisk diskWith(String name, byte[] bytes) throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        disk.createDirectories("log");
        new Manifest(77, 1, 1, 1, 0).write(disk, "log");
        write(disk, "log/" + name, bytes);
        disk.forceDirectory("");
        disk.forceDirectory("log");
        return disk;
    }

    static long firstBatchOf(Disk disk, String path) throws IOException {
        return ByteBuffer.wrap(read(disk, path)).getLong(SegmentFormat.DATA_START + 16);
    }

    static List<Integer> boundaries(byte[] segment) {
        return boundaries(segment, (int) ByteBuffer.wrap(segment).getLong(16));
    }

    /** Where the batches of a segment begin, and at last where they end (without the last one's padding). */
    static List<Integer> boundaries(byte[] segment, int number) {
        ByteBuffer bytes = ByteBuffer.wrap(segment);
        List<Integer> boundaries = new ArrayList<>();
        int position = SegmentFormat.DATA_START;
        int end = position;
        while (position + SegmentFormat.BATCH_HEADER <= segment.length
                && bytes.getLong(position) == SegmentFormat.BATCH_MAGIC
                && bytes.getLong(position + 8) == number) {
            int payload = bytes.getInt(position + 32);
            if (payload < 0 || payload > segment.length) {
                break; // a torn header
            }
            boundaries.add(position);
            end = position + SegmentFormat.BATCH_HEADER + payload;
            position = (int) SegmentFormat.align(end, SegmentFormat.ALIGNMENT);
        }
        boundaries.add(end);
        return boundaries;
    }

    /** The numbers of the segments that the batches in a file were written for. */
    static TreeSet<Integer> segmentsOfBatches(byte[] segment) {
        ByteBuffer bytes = ByteBuffer.wrap(segment);
        TreeSet<Integer> segments = new TreeSet<>();
        for (int at = SegmentFormat.DATA_START; at + SegmentFormat.BATCH_HEADER <= segment.length; at += 8) {
            if (bytes.getLong(at) == SegmentFormat.BATCH_MAGIC) {
                segments.add((int) bytes.getLong(at + 8));
            }
        }
        return segments;
    }

    /** How many groups' states in a segment were written once more, with an entry of the same group behind it. */
    static int copies(byte[] segment, int number) {
        ByteBuffer bytes = ByteBuffer.wrap(segment);
        List<Integer> batches = boundaries(segment, number);
        int copies = 0;
        for (int i = 0; i < batches.size() - 1; i++) {
            int end = batches.get(i) + SegmentFormat.BATCH_HEADER + bytes.getInt(batches.get(i) + 32);
            int previous = -1;
            for (int at = batches.get(i) + SegmentFormat.BATCH_HEADER;
                    end <= segment.length && end - at >= RecordFormat.HEADER; ) {
                if (previous >= 0
                        && RecordFormat.type(bytes, previous) == RecordFormat.STATE
                        && RecordFormat.record(bytes, previous) > 1
                        && RecordFormat.type(bytes, at) == RecordFormat.ENTRY
                        && RecordFormat.groupId(bytes, at) == RecordFormat.groupId(bytes, previous)) {
                    copies++;
                }
                int length = RecordFormat.length(bytes, at);
                if (length < RecordFormat.HEADER) {
                    break;
                }
                previous = at;
                at += length;
            }
        }
        return copies;
    }
}
