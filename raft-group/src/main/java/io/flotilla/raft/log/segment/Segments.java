package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.SegmentFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The row of segment files: which there are, where the next batch goes, what is dropped, and the one spare file. Belongs
 * to the log writer's lane; only the work that {@link #upkeep} hands out runs elsewhere. At most one such work is out
 * at a time, and the spare belongs to it until it is told by {@link #spareBytes}.
 */
final class Segments {
    private static final int PAGE = 4096;

    /** A segment that the manifest names. */
    private static final class Live {
        private final Segment segment;
        /** The first batch that is, or would have been, in it. */
        private long firstBatch;
        /** Groups whose first needed record lies here. */
        private int groups;

        Live(Segment segment, long firstBatch) {
            this.segment = segment;
            this.firstBatch = firstBatch;
        }
    }

    private final Disk disk;
    private final String directory;
    private final LogConfig config;
    private final SegmentFiles files;
    private final long storeId;
    private final List<Live> live = new ArrayList<>();
    private int active;
    private SegmentFiles.Handle activeFile;
    private long offset = SegmentFormat.DATA_START;
    private final List<Segment> dropped = new ArrayList<>();

    /** Bytes of the spare file; 0 if there is none, or if the work that is out makes one. */
    private volatile long spareBytes;

    private volatile boolean atWork;

    private Segments(Disk disk, String directory, LogConfig config, SegmentFiles files, long storeId) {
        this.disk = disk;
        this.directory = directory;
        this.config = config;
        this.files = files;
        this.storeId = storeId;
    }

    /** The row as recovery left it, ready for the next batch; makes a new one if there is no log yet. */
    static Segments open(Disk disk, String directory, LogConfig config, SegmentFiles files, Recovery.Result found)
            throws IOException {
        Manifest manifest = found.manifest();
        if (manifest == null) {
            // before any segment, so that a segment without a manifest is damage
            manifest = new Manifest(config.newStoreId(), 1, 1, 0, 0);
            manifest.write(disk, directory);
        }
        Segments segments = new Segments(disk, directory, config, files, manifest.storeId());
        files.dropBefore(manifest.first());
        for (int i = 0; i < found.segments().size(); i++) {
            segments.live.add(
                    new Live(found.segments().get(i), found.firstBatches().get(i)));
        }
        if (segments.live.isEmpty()) {
            segments.live.add(new Live(segments.prepare(manifest.first(), 0), manifest.firstBatch()));
            segments.writeManifest(manifest.synced());
        }
        segments.active = found.tail();
        segments.offset = found.tailOffset();
        segments.activeFile = files.acquire(segments.active().number());
        return segments;
    }

    Segment active() {
        return live.get(active).segment;
    }

    /** Where in the active segment the next batch goes. */
    long offset() {
        return offset;
    }

    boolean fits(int batchLength) {
        return offset + batchLength <= active().size();
    }

    /** Writes and syncs a batch. */
    void write(ByteBuffer batch) throws IOException {
        activeFile.file().write(batch, offset);
        activeFile.file().force();
    }

    void advance(int batchLength) {
        offset += batchLength;
    }

    /** A group's first needed record lies elsewhere now; the largest number stands for nowhere. */
    void moved(int fromSegment, int toSegment) {
        if (fromSegment != Integer.MAX_VALUE) {
            live.get(fromSegment - first()).groups--;
        }
        if (toSegment != Integer.MAX_VALUE) {
            live.get(toSegment - first()).groups++;
        }
    }

    private int first() {
        return live.get(0).segment.number();
    }

    private int last() {
        return live.get(live.size() - 1).segment.number();
    }

    /** The last of the segments that must go so that the others, and one more, are at most so large; or 0. */
    int surplus(long bytes) {
        long sum = config.sizeOf(last() + 1);
        for (Live each : live) {
            sum += each.segment.size();
        }
        int vacate = 0;
        for (int i = 0; i < active && sum > bytes; i++) {
            vacate = live.get(i).segment.number();
            sum -= live.get(i).segment.size();
        }
        return vacate;
    }

    /**
     * Goes on to the next segment with room for a batch of this length, and drops those at the front in which nothing is
     * needed any more. The manifest says so before the first batch.
     *
     * @param lastBatch the last one, which is synced
     */
    void roll(int batchLength, long lastBatch) throws IOException {
        int next = active;
        boolean found = false;
        while (!found && next + 1 < live.size()) {
            Live candidate = live.get(++next);
            candidate.firstBatch = lastBatch + 1;
            found = SegmentFormat.DATA_START + (long) batchLength <= candidate.segment.size();
        }
        if (!found) {
            live.add(new Live(prepare(last() + 1, batchLength), lastBatch + 1));
            next = live.size() - 1;
        }
        int dead = 0;
        while (dead < active && live.get(dead).groups == 0) {
            dead++;
        }
        List<Live> gone = live.subList(0, dead);
        gone.forEach(each -> dropped.add(each.segment));
        gone.clear();
        writeManifest(lastBatch);
        files.dropBefore(first());
        SegmentFiles.Handle full = activeFile;
        active = next - dead;
        activeFile = files.acquire(active().number());
        offset = SegmentFormat.DATA_START;
        files.release(full);
    }

    private void writeManifest(long synced) throws IOException {
        new Manifest(storeId, first(), live.get(0).firstBatch, last(), synced).write(disk, directory);
    }

    /** Creates a segment that is whole and durable before it has its name. */
    private Segment prepare(int number, int batchLength) throws IOException {
        long needed = SegmentFormat.DATA_START + (long) batchLength;
        long spare = spareBytes;
        if (spare >= needed) {
            spareBytes = 0;
            return finish(SegmentFormat.SPARE, new Segment(number, files.path(number), spare, storeId));
        }
        disk.delete(directory + "/" + SegmentFormat.TEMPORARY);
        long size = Math.max(config.sizeOf(number), SegmentFormat.align(needed, PAGE));
        return finish(SegmentFormat.TEMPORARY, new Segment(number, files.path(number), size, storeId));
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

    /**
     * The files of dropped segments can go; one of them becomes the spare. If half of the last segment is used and there
     * is still no spare, its space can be written out.
     */
    LogStore.Upkeep upkeep() {
        if (atWork) {
            return null;
        }
        boolean spareWanted = spareBytes == 0
                && active == live.size() - 1
                && offset - SegmentFormat.DATA_START >= (active().size() - SegmentFormat.DATA_START) / 2;
        if (dropped.isEmpty() && !spareWanted) {
            return null;
        }
        long size = config.sizeOf(last() + 1);
        Segment kept = null;
        for (int i = 0; i < dropped.size() && kept == null && spareBytes == 0; i++) {
            kept = dropped.get(i).size() == size ? dropped.remove(i) : null;
        }
        Segment spare = kept;
        List<Segment> gone = List.copyOf(dropped);
        dropped.clear();
        atWork = true;
        return () -> tidy(gone, spare, spareWanted && spare == null ? size : 0);
    }

    /**
     * On a lane of its own. None of it needs to be durable: recovery deletes what is in front of the first segment, and
     * the spare, which has no number yet and can become whichever segment is next.
     */
    private void tidy(List<Segment> gone, Segment kept, long newSpareBytes) throws IOException {
        for (Segment segment : gone) {
            disk.delete(segment.path());
        }
        String path = directory + "/" + SegmentFormat.SPARE;
        if (kept != null) {
            disk.rename(kept.path(), path);
            spareBytes = kept.size();
        } else if (newSpareBytes > 0) {
            disk.delete(path);
            try (DiskFile file = disk.open(path)) {
                file.setSize(newSpareBytes);
                file.force();
            }
            spareBytes = newSpareBytes;
        }
        atWork = false;
    }
}
