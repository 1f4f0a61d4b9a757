package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.log.segment.SegmentFormat.Segment;
import io.flotilla.raft.log.segment.SegmentScanner.Found;
import io.flotilla.raft.log.segment.SegmentScanner.Rest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * Reads a log back. What it may cut, what it must refuse, and why a crash inside it does no harm is told in the package
 * description. Runs once, on the thread that opens the store.
 */
final class Recovery {
    private static final int ZEROS = 64 << 10;

    private final Disk disk;
    private final String directory;
    private final HashMap<Long, GroupLog> groups = new HashMap<>();
    private final List<Segment> segments = new ArrayList<>();

    private long lastBatch;
    private boolean lastBatchEmpty;
    /** Index in the list of segments, and the place in it, where the next batch goes. */
    private int tail;

    private long tailOffset = SegmentFormat.DATA_START;
    private String tailFault = "";
    private final List<Rest> rests = new ArrayList<>();

    private Recovery(Disk disk, String directory) {
        this.disk = disk;
        this.directory = directory;
    }

    /**
     * What was found; everything in it is durable, and behind it there are only zeros.
     *
     * @param segments all segments in order; empty if there is no log yet
     * @param tail index of the segment that takes the next batch, at {@code tailOffset}
     * @param lastBatchEmpty whether the last batch has no records (or there is none)
     */
    record Result(
            TreeMap<Long, GroupLog> groups,
            List<Segment> segments,
            int tail,
            long tailOffset,
            long lastBatch,
            boolean lastBatchEmpty) {}

    static Result run(Disk disk, String directory) throws IOException {
        Recovery recovery = new Recovery(disk, directory);
        recovery.findSegments();
        for (int i = 0; i < recovery.segments.size(); i++) {
            recovery.scan(i);
        }
        recovery.cut();
        return new Result(
                new TreeMap<>(recovery.groups),
                recovery.segments,
                recovery.tail,
                recovery.tailOffset,
                recovery.lastBatch,
                recovery.lastBatchEmpty);
    }

    private void findSegments() throws IOException {
        disk.delete(directory + "/" + SegmentFormat.TEMPORARY);
        disk.delete(directory + "/" + SegmentFormat.SPARE);
        int expected = 1;
        for (String name : disk.list(directory)) {
            int number = SegmentFormat.numberOf(name);
            if (number == 0) {
                continue;
            }
            String path = directory + "/" + name;
            if (number != expected) {
                String missing = directory + "/" + SegmentFormat.fileName(expected);
                throw SegmentFormat.damage(disk, missing, 0, "the file is missing although " + name + " exists");
            }
            try (DiskFile file = disk.open(path)) {
                Segment segment = SegmentFormat.readFileHeader(disk, path, number, file);
                if (!segments.isEmpty() && segment.storeId() != segments.get(0).storeId()) {
                    throw SegmentFormat.damage(disk, path, 32, "the file belongs to another store's log");
                }
                segments.add(segment);
            }
            expected++;
        }
    }

    private void scan(int index) throws IOException {
        Segment segment = segments.get(index);
        try (DiskFile file = disk.open(segment.path())) {
            SegmentScanner scanner = new SegmentScanner(segment, file);
            long position = SegmentFormat.DATA_START;
            Found found = scanner.batchAt(position);
            while (found.fault() == null && found.number() == lastBatch + 1) {
                replay(scanner, segment, position, found);
                lastBatch = found.number();
                lastBatchEmpty = found.records() == 0;
                position += SegmentFormat.align(
                        SegmentFormat.BATCH_HEADER + found.payloadLength(), SegmentFormat.ALIGNMENT);
                tail = index;
                found = scanner.batchAt(position);
            }
            if (tail == index) {
                tailOffset = position;
                tailFault = found.fault() == null ? "batch " + found.number() + " lies here" : found.fault();
            }
            if (found.fault() == null && found.number() <= lastBatch) {
                throw SegmentFormat.damage(
                        disk,
                        segment.path(),
                        position,
                        "batch " + found.number() + " lies where batch " + (lastBatch + 1) + " was expected");
            }
            Rest rest = scanner.restFrom(position, lastBatch + 1);
            if (rest.witness() >= 0) {
                throw SegmentFormat.damage(
                        disk,
                        segments.get(tail).path(),
                        tailOffset,
                        "batch " + (lastBatch + 1) + " was synced, as batch " + rest.witnessBatch() + " at offset "
                                + rest.witness() + " of " + disk.describe(segment.path()) + " says, but " + tailFault);
            }
            rests.add(rest);
        }
    }

    private void replay(SegmentScanner scanner, Segment segment, long position, Found batch) throws IOException {
        int start = scanner.at(position, SegmentFormat.BATCH_HEADER + batch.payloadLength());
        ByteBuffer window = scanner.window();
        int offset = start + SegmentFormat.BATCH_HEADER;
        int end = offset + batch.payloadLength();
        int records = 0;
        while (offset < end) {
            long filePosition = position + offset - start;
            int length = end - offset < RecordFormat.HEADER ? 0 : RecordFormat.length(window, offset);
            if (length < RecordFormat.HEADER || length > end - offset) {
                throw SegmentFormat.damage(
                        disk,
                        segment.path(),
                        filePosition,
                        "a record in the intact batch " + batch.number() + " has a length of " + length);
            }
            try {
                replay(window, offset, segment, filePosition);
            } catch (RuntimeException e) {
                LogDamageException damage = SegmentFormat.damage(
                        disk, segment.path(), filePosition, "a record makes no sense: " + e.getMessage());
                damage.initCause(e);
                throw damage;
            }
            offset += length;
            records++;
        }
        if (records != batch.records()) {
            throw SegmentFormat.damage(
                    disk,
                    segment.path(),
                    position,
                    "batch " + batch.number() + " has " + records + " records instead of " + batch.records());
        }
    }

    private void replay(ByteBuffer window, int offset, Segment segment, long filePosition) {
        long groupId = RecordFormat.groupId(window, offset);
        long record = RecordFormat.record(window, offset);
        byte type = RecordFormat.type(window, offset);
        GroupLog group = groups.get(groupId);
        if (type == RecordFormat.CREATION) {
            if (group != null || record != 1) {
                throw new IllegalArgumentException("group " + groupId + " is created a second time");
            }
            groups.put(groupId, new GroupLog(RecordFormat.creation(window, offset), record));
            return;
        }
        if (group == null) {
            throw new IllegalArgumentException("group " + groupId + " was never created");
        }
        switch (type) {
            case RecordFormat.HARD_STATE:
                group.recoverHardState(RecordFormat.hardState(window, offset), record);
                break;
            case RecordFormat.ENTRY:
                group.recoverEntry(
                        RecordFormat.entryIndex(window, offset),
                        RecordFormat.entryTerm(window, offset),
                        segment.number(),
                        (int) filePosition,
                        RecordFormat.length(window, offset),
                        record);
                break;
            default:
                throw new IllegalArgumentException("unknown record type " + type);
        }
    }

    /** Zeros whatever lies behind the last good batch, and makes that, the batch and all names durable. */
    private void cut() throws IOException {
        for (int i = tail; i < segments.size(); i++) {
            Rest rest = rests.get(i);
            if (i > tail && rest.firstDirty() < 0) {
                continue;
            }
            try (DiskFile file = disk.open(segments.get(i).path())) {
                if (rest.firstDirty() >= 0) {
                    zero(file, rest.firstDirty(), rest.dirtyEnd());
                }
                file.force();
            }
        }
        disk.forceDirectory(directory);
    }

    private static void zero(DiskFile file, long from, long to) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZEROS, to - from));
        while (from < to) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), to - from));
            int length = zeros.remaining();
            file.write(zeros, from);
            from += length;
        }
    }
}
