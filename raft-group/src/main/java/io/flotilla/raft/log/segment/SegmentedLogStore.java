package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.segment.SegmentFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The shared log in segment files; the package description tells format and recovery.
 *
 * <p>{@link #write} and {@link #close} belong to the log writer's lane, {@link #read} to any. They meet in three places:
 * each group's index, which is changed only once a batch is durable ({@link GroupLog}); the map of groups, to which
 * durable groups are added; and the open files ({@link SegmentFiles}). {@link #upkeep} hands its result over in one
 * volatile field. A place that a reader took from an index stays
 * readable, because written batches are never overwritten.
 *
 * <p>Memory grows by twelve bytes per entry, and per group by its creation record and a few small arrays.
 */
public final class SegmentedLogStore implements LogStore {
    /** Entries whose records lie at most this far apart are read in one go. */
    private static final int READ_GAP = 4096;

    private static final int MAX_READ = 8 << 20;
    private static final int PAGE = 4096;

    private final Disk disk;
    private final String directory;
    private final LogConfig config;
    private final SegmentFiles files;
    private final List<RecoveredGroup> recovered;
    private final ConcurrentHashMap<Long, GroupLog> groups = new ConcurrentHashMap<>();
    private volatile IOException failure;

    /** Bytes of the space written out ahead for the next segment; 0 if there is none (any more). */
    private volatile long spareBytes;

    // the log writer's lane only
    private final BatchBuffer batch = new BatchBuffer();
    private final Map<Long, Planned> planned = new HashMap<>();
    private final ArrayDeque<Segment> prepared = new ArrayDeque<>();
    private Segment active;
    private SegmentFiles.Handle activeFile;
    private long offset;
    private long lastBatch;
    private boolean lastBatchEmpty;
    /** Whether a spare was asked for that no segment was made of yet. */
    private boolean spareOrdered;

    /** A group as it will be once the batch being encoded is durable. */
    private static final class Planned {
        private final GroupLog group;
        private long lastRecord;
        private long lastIndex;
        private long term;

        Planned(GroupLog group) {
            this.group = group;
            this.lastRecord = group.lastRecord();
            this.lastIndex = group.lastIndex();
            this.term = group.term();
        }
    }

    private SegmentedLogStore(Disk disk, String directory, LogConfig config, Recovery.Result found) {
        this.disk = disk;
        this.directory = directory;
        this.config = config;
        this.files = new SegmentFiles(disk, directory, config.openSegments());
        this.lastBatch = found.lastBatch();
        this.lastBatchEmpty = found.lastBatchEmpty();
        List<RecoveredGroup> list = new ArrayList<>(found.groups().size());
        for (Map.Entry<Long, GroupLog> group : found.groups().entrySet()) {
            groups.put(group.getKey(), group.getValue());
            list.add(group.getValue().recovered());
        }
        this.recovered = List.copyOf(list);
    }

    /**
     * Opens the log in a directory and recovers it, or founds one if there is none. Blocks; takes about as long as
     * reading all its files.
     *
     * @param directory in the disk's terms; created if it is absent
     * @throws io.flotilla.raft.log.LogDamageException if it is damaged in a way that a crash can't explain
     * @throws IOException if the disk fails or the format is newer than this program
     */
    public static SegmentedLogStore open(Disk disk, String directory, LogConfig config) throws IOException {
        disk.createDirectories(directory);
        for (String path = directory; !path.isEmpty(); ) {
            path = path.substring(0, Math.max(0, path.lastIndexOf('/')));
            disk.forceDirectory(path);
        }
        Recovery.Result found = Recovery.run(disk, directory);
        SegmentedLogStore store = new SegmentedLogStore(disk, directory, config, found);
        if (found.segments().isEmpty()) {
            store.activate(store.prepare(1, 0, config.newStoreId()), SegmentFormat.DATA_START);
        } else {
            store.prepared.addAll(
                    found.segments().subList(found.tail() + 1, found.segments().size()));
            store.activate(found.segments().get(found.tail()), found.tailOffset());
        }
        return store;
    }

    @Override
    public List<RecoveredGroup> recovered() {
        return recovered;
    }

    @Override
    public void write(List<GroupWrite> writes) throws IOException {
        checkUsable();
        encode(writes);
        if (batch.records() > 0) {
            persist();
            publish(writes);
        }
    }

    /** Encodes and checks; changes nothing that outlives a refused write. */
    private void encode(List<GroupWrite> writes) {
        batch.clear();
        planned.clear();
        for (GroupWrite write : writes) {
            long id = write.groupId();
            Planned group = planned.get(id);
            GroupLog known = group == null ? groups.get(id) : group.group;
            if (write.creation() != null) {
                check(known == null, "group %s was created before", id);
                check(write.creation().groupId() == id, "the creation record in a write of group %s is another's", id);
                batch.creation(write.creation(), 1);
                known = new GroupLog(write.creation(), 1);
            }
            check(known != null, "group %s was never created", id);
            if (group == null) {
                group = new Planned(known);
                planned.put(id, group);
            }
            HardState hardState = write.hardState();
            if (hardState != null) {
                check(hardState.term() >= group.term, "the term of group %s would fall", id);
                group.term = hardState.term();
                batch.hardState(id, hardState, ++group.lastRecord);
            }
            List<Entry> entries = write.entries();
            for (int i = 0; i < entries.size(); i++) {
                Entry entry = entries.get(i);
                check(
                        entry.index() > known.baseIndex()
                                && entry.index() <= group.lastIndex + 1
                                && (i == 0
                                        || entry.index() == entries.get(i - 1).index() + 1),
                        "the entries written to group %s leave a gap",
                        id);
                group.lastIndex = entry.index();
                batch.entry(id, entry, ++group.lastRecord);
            }
        }
    }

    private static void check(boolean condition, String format, long groupId) {
        if (!condition) {
            throw new IllegalArgumentException(String.format(format, groupId));
        }
    }

    private void persist() throws IOException {
        try {
            if (offset + batch.length() > active.size()) {
                roll(batch.length());
            }
            ByteBuffer bytes = batch.seal(active.storeId(), active.number(), lastBatch + 1, lastBatch);
            activeFile.file().write(bytes, offset);
            activeFile.file().force();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
            throw e;
        }
    }

    private void fail(Throwable cause) {
        failure = cause instanceof IOException io ? io : new IOException("writing the log failed", cause);
    }

    /** Makes the durable batch visible to readers. */
    private void publish(List<GroupWrite> writes) {
        int entryNumber = 0;
        for (GroupWrite write : writes) {
            GroupLog group = planned.get(write.groupId()).group;
            if (write.hardState() != null) {
                group.hardState(write.hardState(), group.lastRecord() + 1);
            }
            for (Entry entry : write.entries()) {
                group.entry(
                        entry.index(),
                        entry.term(),
                        active.number(),
                        (int) offset + batch.entryOffset(entryNumber++),
                        RecordFormat.entryBytes(entry),
                        group.lastRecord() + 1);
            }
            if (write.creation() != null) {
                groups.put(write.groupId(), group);
            }
        }
        written();
    }

    private void written() {
        offset += batch.length();
        lastBatch++;
        lastBatchEmpty = batch.records() == 0;
    }

    /** Goes on to the next segment with room for a batch of this length. */
    private void roll(int batchLength) throws IOException {
        Segment next = null;
        int number = active.number() + 1;
        while (!prepared.isEmpty()) {
            Segment candidate = prepared.removeFirst();
            number = candidate.number() + 1;
            if (SegmentFormat.DATA_START + (long) batchLength <= candidate.size()) {
                next = candidate;
                break;
            }
        }
        if (next == null) {
            next = prepare(number, batchLength, active.storeId());
        }
        SegmentFiles.Handle full = activeFile;
        activate(next, SegmentFormat.DATA_START);
        files.release(full);
    }

    private void activate(Segment segment, long from) throws IOException {
        activeFile = files.acquire(segment.number());
        active = segment;
        offset = from;
    }

    /** Creates a segment that is whole and durable before it has its name. */
    private Segment prepare(int number, int batchLength, long storeId) throws IOException {
        long size = Math.max(
                config.sizeOf(number), SegmentFormat.align(SegmentFormat.DATA_START + (long) batchLength, PAGE));
        String path = files.path(number);
        long spare = spareBytes;
        if (spare >= SegmentFormat.DATA_START + (long) batchLength) {
            spareBytes = 0;
            spareOrdered = false;
            return finish(SegmentFormat.SPARE, new Segment(number, path, spare, storeId));
        }
        disk.delete(directory + "/" + SegmentFormat.TEMPORARY);
        return finish(SegmentFormat.TEMPORARY, new Segment(number, path, size, storeId));
    }

    private Segment finish(String temporaryName, Segment segment) throws IOException {
        String temporary = directory + "/" + temporaryName;
        try (DiskFile file = disk.open(temporary)) {
            file.setSize(segment.size());
            file.write(SegmentFormat.fileHeader(segment.number(), segment.size(), segment.storeId()), 0);
            file.force();
        }
        disk.rename(temporary, segment.path());
        disk.forceDirectory(directory);
        return segment;
    }

    /** Once half of the active segment is used, the space for the next one can be written out. */
    @Override
    public Upkeep upkeep() {
        if (failure != null
                || spareOrdered
                || !prepared.isEmpty()
                || offset - SegmentFormat.DATA_START < (active.size() - SegmentFormat.DATA_START) / 2) {
            return null;
        }
        spareOrdered = true;
        long size = config.sizeOf(active.number() + 1);
        return () -> writeSpare(size);
    }

    /** On a lane of its own. The file has neither header nor number yet, so it can become whichever segment is next. */
    private void writeSpare(long size) throws IOException {
        checkUsable();
        String path = directory + "/" + SegmentFormat.SPARE;
        try {
            disk.delete(path);
            try (DiskFile file = disk.open(path)) {
                file.setSize(size);
                file.force();
            }
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
            throw e;
        }
        spareBytes = size;
    }

    @Override
    public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
        checkUsable();
        GroupLog group = groups.get(groupId);
        if (group == null) {
            throw new IllegalArgumentException("group " + groupId + " is not in the log");
        }
        GroupLog.Places places = group.places(from, to, maxBytes);
        int count = places.lengths().length;
        List<Entry> entries = new ArrayList<>(count);
        int first = 0;
        while (first < count) {
            int end = first + 1;
            int start = places.offset(first);
            while (end < count && liesClose(places, start, end)) {
                end++;
            }
            read(groupId, places, first, end, entries);
            first = end;
        }
        return entries;
    }

    /** Whether an entry's record is worth reading together with the one before it. */
    private static boolean liesClose(GroupLog.Places places, int start, int i) {
        int previousEnd = places.offset(i - 1) + places.lengths()[i - 1];
        return places.segment(i) == places.segment(i - 1)
                && places.offset(i) >= previousEnd
                && places.offset(i) - previousEnd <= READ_GAP
                && (long) places.offset(i) + places.lengths()[i] - start <= MAX_READ;
    }

    private void read(long groupId, GroupLog.Places places, int first, int end, List<Entry> into) throws IOException {
        int segment = places.segment(first);
        int start = places.offset(first);
        ByteBuffer buffer = ByteBuffer.allocate(places.offset(end - 1) + places.lengths()[end - 1] - start);
        SegmentFiles.Handle handle = files.acquire(segment);
        try {
            handle.file().read(buffer, start);
        } finally {
            files.release(handle);
        }
        int read = buffer.position();
        buffer.clear();
        for (int i = first; i < end; i++) {
            int at = places.offset(i) - start;
            int length = places.lengths()[i];
            if (at + length > read
                    || !RecordFormat.isIntact(buffer, at, length)
                    || RecordFormat.type(buffer, at) != RecordFormat.ENTRY
                    || RecordFormat.groupId(buffer, at) != groupId
                    || RecordFormat.entryIndex(buffer, at) != places.from() + i) {
                throw SegmentFormat.damage(
                        disk,
                        files.path(segment),
                        places.offset(i),
                        "entry " + (places.from() + i) + " of group " + groupId + " is not there any more");
            }
            into.add(RecordFormat.entry(buffer, at));
        }
    }

    private void checkUsable() throws IOException {
        IOException cause = failure;
        if (cause != null) {
            throw new IOException("the log can't be used any more since it failed: " + cause.getMessage(), cause);
        }
    }

    /**
     * Ends the use of the log after the last write returned. If records were written, an empty batch says that the last
     * one was synced, so that later damage to it is recognised; it is left out if it does not fit or the log failed.
     */
    @Override
    public void close() throws IOException {
        try {
            batch.clear();
            if (failure == null && lastBatch > 0 && !lastBatchEmpty && offset + batch.length() <= active.size()) {
                persist();
                written();
            }
        } finally {
            if (failure == null) {
                failure = new IOException("it was closed");
            }
            files.close();
        }
    }
}
