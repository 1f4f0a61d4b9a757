package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.segment.EntryIndex.Places;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads entries from the segments. Any lane. A place stays readable until its segment is dropped, for written batches
 * are never overwritten; if it was dropped meanwhile, what was read there is worth nothing and the group is asked for
 * its places again.
 */
final class EntryReader {
    /** Entries whose records lie at most this far apart are read in one go. */
    private static final int READ_GAP = 4096;

    private static final int MAX_READ = 8 << 20;

    private final Disk disk;
    private final SegmentFiles files;

    EntryReader(Disk disk, SegmentFiles files) {
        this.disk = disk;
        this.files = files;
    }

    /**
     * As {@link io.flotilla.raft.log.LogStore#read}.
     *
     * @throws IllegalArgumentException if the range is not in the log, or not any more
     */
    List<Entry> read(GroupLog group, long from, long to, int maxBytes) throws IOException {
        List<Entry> entries = null;
        while (entries == null) {
            entries = read(group.id(), group.places(from, to, maxBytes));
        }
        return entries;
    }

    /** Null if a segment was dropped meanwhile. */
    private List<Entry> read(long groupId, Places places) throws IOException {
        List<Entry> entries = new ArrayList<>(places.count());
        int first = 0;
        while (first < places.count()) {
            int end = first + 1;
            int start = places.offset(first);
            while (end < places.count() && liesClose(places, start, end)) {
                end++;
            }
            if (!read(groupId, places, first, end, entries)) {
                return null;
            }
            first = end;
        }
        return entries;
    }

    /** Whether an entry's record is worth reading together with the one before it. */
    private static boolean liesClose(Places places, int start, int i) {
        int previousEnd = places.offset(i - 1) + places.lengths()[i - 1];
        return places.segment(i) == places.segment(i - 1)
                && places.offset(i) >= previousEnd
                && places.offset(i) - previousEnd <= READ_GAP
                && (long) places.offset(i) + places.lengths()[i] - start <= MAX_READ;
    }

    /** Whether what was read is what was written there. */
    private boolean read(long groupId, Places places, int first, int end, List<Entry> into) throws IOException {
        int segment = places.segment(first);
        int start = places.offset(first);
        ByteBuffer buffer = ByteBuffer.allocate(places.offset(end - 1) + places.lengths()[end - 1] - start);
        SegmentFiles.Handle handle = files.acquire(segment);
        if (handle == null) {
            return false;
        }
        try {
            handle.file().read(buffer, start);
        } finally {
            files.release(handle);
        }
        if (files.isDropped(segment)) {
            return false;
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
        return true;
    }
}
