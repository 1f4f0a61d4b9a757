package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
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
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads a log back. What it may cut, what it must refuse, and why a crash inside it does no harm is told in the package
 * description. Runs once, on the thread that opens the store.
 */
final class Recovery {
    private static final int CHUNK = 64 << 10;

    private final Disk disk;
    private final String directory;
    private final HashMap<Long, GroupReplay> groups = new HashMap<>();
    private Manifest manifest;
    private final List<Segment> segments = new ArrayList<>();
    private final List<Long> firstBatches = new ArrayList<>();

    private long lastBatch;
    private boolean lastBatchEmpty;
    /** The newest batch that is known to have been synced. */
    private long synced;
    /** Index in the list of segments, and the place in it, where the next batch goes. */
    private int tail;

    private long tailOffset = SegmentFormat.DATA_START;
    private String tailFault = "";
    /** Where in that segment the last good batch begins. */
    private long lastBatchOffset = SegmentFormat.DATA_START;

    private final List<Rest> rests = new ArrayList<>();

    private Recovery(Disk disk, String directory) {
        this.disk = disk;
        this.directory = directory;
    }

    /**
     * What was found; everything in it is durable, and behind it there are only zeros.
     *
     * @param manifest null if there is no log yet
     * @param memberships those in each group's entries, in order
     * @param segments all segments that the manifest names, in order; none if the log was only begun
     * @param firstBatches for each segment the number of the first batch in it, or of the next one
     * @param tail index of the segment that takes the next batch, at {@code tailOffset}
     * @param lastBatchEmpty whether the last batch has no records (or there is none)
     */
    record Result(
            Manifest manifest,
            TreeMap<Long, GroupLog> groups,
            Map<Long, List<MembershipEntry>> memberships,
            List<Segment> segments,
            List<Long> firstBatches,
            int tail,
            long tailOffset,
            long lastBatch,
            boolean lastBatchEmpty) {}

    static Result run(Disk disk, String directory) throws IOException {
        Recovery recovery = new Recovery(disk, directory);
        // nothing may be deleted on the word of a manifest that the next power cut could take back
        disk.forceDirectory(directory);
        recovery.manifest = Manifest.read(disk, directory);
        recovery.findSegments();
        for (int i = 0; i < recovery.segments.size(); i++) {
            recovery.scan(i);
        }
        TreeMap<Long, GroupLog> groups = recovery.finish();
        recovery.cut();
        return new Result(
                recovery.manifest,
                groups,
                recovery.memberships(),
                recovery.segments,
                recovery.firstBatches,
                recovery.tail,
                recovery.tailOffset,
                recovery.lastBatch,
                recovery.lastBatchEmpty);
    }

    private void findSegments() throws IOException {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (String name : disk.list(directory)) {
            int number = SegmentFormat.numberOf(name);
            if (number > 0) {
                numbers.add(number);
            }
        }
        if (manifest == null) {
            if (!numbers.isEmpty()) {
                header(numbers.first());
                throw SegmentFormat.damage(
                        disk,
                        directory + "/" + Manifest.NAME,
                        0,
                        "the file is missing although " + SegmentFormat.fileName(numbers.first()) + " exists");
            }
        } else {
            for (int number = manifest.first(); number <= manifest.last(); number++) {
                if (!numbers.contains(number)) {
                    throw SegmentFormat.damage(disk, path(number), 0, "the file is missing");
                }
                segments.add(header(number));
            }
            lastBatch = manifest.firstBatch() - 1;
            synced = manifest.synced();
            for (int number : numbers.tailSet(manifest.last(), false)) {
                checkUnused(number);
            }
            for (int number : numbers) {
                if (number < manifest.first() || number > manifest.last()) {
                    disk.delete(path(number));
                }
            }
        }
        disk.delete(directory + "/" + SegmentFormat.TEMPORARY);
        disk.delete(directory + "/" + SegmentFormat.SPARE);
        disk.delete(directory + "/" + Manifest.TEMPORARY);
    }

    private String path(int segment) {
        return directory + "/" + SegmentFormat.fileName(segment);
    }

    private Segment header(int number) throws IOException {
        try (DiskFile file = disk.open(path(number))) {
            Segment segment = SegmentFormat.readFileHeader(disk, path(number), number, file);
            if (manifest != null && segment.storeId() != manifest.storeId()) {
                throw SegmentFormat.damage(disk, path(number), 32, "the file belongs to another store's log");
            }
            return segment;
        }
    }

    /** A segment that the manifest does not name yet was prepared by a process that ended before it wrote to it. */
    private void checkUnused(int number) throws IOException {
        Segment segment = header(number);
        try (DiskFile file = disk.open(segment.path())) {
            Found found = new SegmentScanner(segment, file).batchAt(SegmentFormat.DATA_START);
            if (found.intactHeader()) {
                throw SegmentFormat.damage(
                        disk,
                        directory + "/" + Manifest.NAME,
                        0,
                        "segment " + manifest.last() + " is the last one by it, but batch " + found.number()
                                + " lies in " + SegmentFormat.fileName(number));
            }
        }
    }

    private void scan(int index) throws IOException {
        Segment segment = segments.get(index);
        firstBatches.add(lastBatch + 1);
        try (DiskFile file = disk.open(segment.path())) {
            SegmentScanner scanner = new SegmentScanner(segment, file);
            long position = SegmentFormat.DATA_START;
            Found found = scanner.batchAt(position);
            while (found.fault() == null && found.number() == lastBatch + 1) {
                replay(scanner, segment, position, found);
                lastBatch = found.number();
                lastBatchEmpty = found.records() == 0;
                lastBatchOffset = position;
                synced = Math.max(synced, found.synced());
                position += SegmentFormat.align(
                        SegmentFormat.BATCH_HEADER + found.payloadLength(), SegmentFormat.ALIGNMENT);
                tail = index;
                found = scanner.batchAt(position);
            }
            String fault = found.fault() == null ? "batch " + found.number() + " lies here" : found.fault();
            if (tail == index) {
                tailOffset = position;
                tailFault = fault;
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
                String witness = "batch " + rest.witnessBatch() + " at offset " + rest.witness() + " of "
                        + disk.describe(segment.path());
                // a segment is filled from its beginning: what is there at all shows in which one the gap is
                throw found.fault() == null
                        ? missing(segments.get(tail).path(), tailOffset, witness, tailFault)
                        : missing(segment.path(), position, witness, fault);
            }
            rests.add(rest);
        }
    }

    /** The next batch was synced but is not there. */
    private LogDamageException missing(String path, long offset, String witness, String fault) {
        return SegmentFormat.damage(
                disk, path, offset, "batch " + (lastBatch + 1) + " was synced, as " + witness + " says, but " + fault);
    }

    private TreeMap<Long, GroupLog> finish() throws IOException {
        if (lastBatch < synced) {
            String witness = disk.describe(directory + "/" + Manifest.NAME);
            throw missing(segments.get(tail).path(), tailOffset, witness, tailFault);
        }
        TreeMap<Long, GroupLog> finished = new TreeMap<>();
        for (Map.Entry<Long, GroupReplay> group : groups.entrySet()) {
            try {
                finished.put(group.getKey(), group.getValue().finish());
            } catch (IllegalArgumentException e) {
                throw SegmentFormat.damage(disk, segments.get(0).path(), 0, e.getMessage());
            }
        }
        return finished;
    }

    private Map<Long, List<MembershipEntry>> memberships() {
        Map<Long, List<MembershipEntry>> all = new HashMap<>();
        groups.forEach((id, group) -> all.put(id, group.memberships()));
        return all;
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
        GroupReplay group = groups.get(groupId);
        if (group == null) {
            boolean begins = (type == RecordFormat.STATE || type == RecordFormat.TOMBSTONE) && record == 1;
            if (manifest.first() == 1 && !begins) {
                throw new IllegalArgumentException("group " + groupId + " was never created");
            }
            group = new GroupReplay(groupId, record);
            groups.put(groupId, group);
        }
        switch (type) {
            case RecordFormat.STATE:
                RecordFormat.State state = RecordFormat.state(window, offset);
                group.state(state.state(), state.last(), segment.number(), record);
                break;
            case RecordFormat.HARD_STATE:
                group.hardState(RecordFormat.hardState(window, offset), record);
                break;
            case RecordFormat.BASE:
                RecordFormat.Base base = RecordFormat.base(window, offset);
                group.base(base.id(), base.membership(), base.last(), record);
                break;
            case RecordFormat.ENTRY:
                RecordFormat.checkEntry(window, offset);
                group.entry(
                        RecordFormat.entryIndex(window, offset),
                        RecordFormat.entryTerm(window, offset),
                        segment.number(),
                        (int) filePosition,
                        RecordFormat.length(window, offset),
                        record);
                if (RecordFormat.entryKind(window, offset) == EntryKind.MEMBERSHIP) {
                    Entry entry = RecordFormat.entry(window, offset);
                    group.membership(new MembershipEntry(entry.index(), MembershipCodec.decode(entry.payload())));
                }
                break;
            case RecordFormat.SNAPSHOT:
                group.snapshot(RecordFormat.snapshot(window, offset), record);
                break;
            case RecordFormat.TOMBSTONE:
                group.tombstone(RecordFormat.tombstone(window, offset), segment.number(), record);
                break;
            default:
                throw new IllegalArgumentException("unknown record type " + type);
        }
    }

    /**
     * Zeros whatever lies behind the last good batch, and makes that, the batch and all names durable. The batch is
     * written once more if nothing tells that it was synced: if a sync of it failed the system may hold it in memory and
     * not know that it is not on disk.
     */
    private void cut() throws IOException {
        for (int i = tail; i < segments.size(); i++) {
            Rest rest = rests.get(i);
            if (i > tail && rest.firstDirty() < 0) {
                continue;
            }
            try (DiskFile file = disk.open(segments.get(i).path())) {
                if (i == tail && lastBatch > synced) {
                    rewrite(file, lastBatchOffset, tailOffset);
                }
                if (rest.firstDirty() >= 0) {
                    zero(file, rest.firstDirty(), rest.dirtyEnd());
                }
                file.force();
            }
        }
        disk.forceDirectory(directory);
    }

    private static void rewrite(DiskFile file, long from, long to) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(CHUNK, to - from));
        while (from < to) {
            bytes.clear().limit((int) Math.min(bytes.capacity(), to - from));
            file.read(bytes, from);
            bytes.flip();
            int length = bytes.remaining();
            file.write(bytes, from);
            from += length;
        }
    }

    private static void zero(DiskFile file, long from, long to) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(CHUNK, to - from));
        while (from < to) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), to - from));
            int length = zeros.remaining();
            file.write(zeros, from);
            from += length;
        }
    }
}
