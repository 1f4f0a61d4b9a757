package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The shared log in segment files; the package description tells format, recovery and how it stays small.
 *
 * <p>{@link #write} and {@link #close} belong to the log writer's lane, {@link #read} to any. They meet in three places:
 * each group's index, which is changed only once a batch is durable ({@link GroupLog}); the map of groups, to which
 * durable groups are added; and the open files ({@link SegmentFiles}), which also know which segments were dropped.
 * {@link #upkeep} hands its result over in volatile fields.
 *
 * <p>Memory grows by twelve bytes per entry in the log, and per group by its creation record and a few small arrays.
 */
public final class SegmentedLogStore implements LogStore {
    /** A batch takes further groups to be written once more while these make it smaller than this. */
    private static final int REWRITE_BYTES = 256 << 10;

    private final ForceCounter forces;
    private final SegmentFiles files;
    private final EntryReader reader;
    private final List<RecoveredGroup> recovered;
    private final List<Tombstone> tombstones;
    private final ConcurrentHashMap<Long, GroupLog> groups = new ConcurrentHashMap<>();
    private volatile IOException failure;

    // the log writer's lane only
    private final Segments segments;
    private final LogSpace space;
    private final BatchBuffer batch = new BatchBuffer();
    /** Counts the batches that were encoded, written or not. */
    private long encoded;

    private final Map<Long, GroupLog> created = new HashMap<>();
    private final List<LogSpace.Rewrite> rewritten = new ArrayList<>();
    /** Written by the writer's lane, once the batch is durable. */
    private volatile long lastBatch;

    private boolean lastBatchEmpty;

    private SegmentedLogStore(Disk disk, String directory, LogConfig config, Recovery.Result found) throws IOException {
        forces = new ForceCounter(disk);
        files = new SegmentFiles(forces, directory, config.openSegments());
        reader = new EntryReader(disk, files);
        segments = Segments.open(forces, directory, config, files, found);
        space = new LogSpace(config.maxLogBytes(), config.maxKeptBytes(), segments);
        lastBatch = found.lastBatch();
        lastBatchEmpty = found.lastBatchEmpty();
        List<Tombstone> dropped = new ArrayList<>();
        List<RecoveredGroup> list = new ArrayList<>(found.groups().size());
        for (Map.Entry<Long, GroupLog> each : found.groups().entrySet()) {
            GroupLog group = each.getValue();
            groups.put(each.getKey(), group);
            segments.moved(Integer.MAX_VALUE, group.oldestSegment());
            if (group.tombstone() == null) {
                list.add(group.recovered(found.memberships().get(each.getKey())));
            } else {
                dropped.add(group.tombstone());
            }
        }
        recovered = List.copyOf(list);
        tombstones = List.copyOf(dropped);
        space.segmentBegun(groups.values());
    }

    /**
     * Opens the log in a directory and recovers it, or founds one if there is none. Blocks; takes about as long as
     * reading all its files.
     *
     * @param directory in the disk's terms; created if it is absent
     * @throws io.flotilla.raft.log.LogDamageException if it is damaged in a way that a crash can't explain
     * @throws IOException if the disk fails or the format is another one than this program's
     */
    public static SegmentedLogStore open(Disk disk, String directory, LogConfig config) throws IOException {
        disk.createDirectories(directory);
        for (String path = directory; !path.isEmpty(); ) {
            path = path.substring(0, Math.max(0, path.lastIndexOf('/')));
            disk.forceDirectory(path);
        }
        return new SegmentedLogStore(disk, directory, config, Recovery.run(disk, directory));
    }

    @Override
    public List<RecoveredGroup> recovered() {
        return recovered;
    }

    @Override
    public List<Tombstone> tombstones() {
        return tombstones;
    }

    @Override
    public long steps() {
        return forces.forces();
    }

    @Override
    public long lastBatch() {
        return lastBatch;
    }

    @Override
    public void write(List<GroupWrite> writes) throws IOException {
        checkUsable();
        batch.clear();
        created.clear();
        rewritten.clear();
        encoded++;
        try {
            encodeRewrites();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
            throw e;
        }
        int own = batch.records();
        for (GroupWrite write : writes) {
            encode(write);
        }
        if (batch.records() > own) {
            boolean rolled = persist();
            publish(writes);
            if (rolled) {
                space.segmentBegun(groups.values());
            }
        }
    }

    /** What the log itself has to write once more comes first: it is what the groups are before this batch. */
    private void encodeRewrites() throws IOException {
        for (LogSpace.Rewrite each : space.due()) {
            LogSpace.Rewrite rewrite = space.stillDue(each);
            if (rewrite == null) {
                continue;
            }
            GroupLog group = rewrite.group();
            long base = group.base().index();
            long last = group.lastIndex();
            if (group.tombstone() != null) {
                batch.tombstone(group.tombstone(), group.nextRecord(encoded));
            } else {
                batch.state(group.state(), rewrite.whole() ? base : last, group.nextRecord(encoded));
            }
            if (rewrite.whole()) {
                for (Entry entry : reader.read(group, base + 1, last, Integer.MAX_VALUE)) {
                    batch.entry(group.id(), entry, group.nextRecord(encoded));
                }
            }
            rewritten.add(rewrite);
            if (batch.length() >= REWRITE_BYTES) {
                return;
            }
        }
    }

    /** Encodes and checks; changes nothing that outlives a refused write. */
    private void encode(GroupWrite write) {
        long id = write.groupId();
        GroupLog group = groups.get(id);
        if (write.tombstone() != null) {
            encodeTombstone(write, group);
            return;
        }
        if (write.creation() != null && group != null && group.tombstone() != null) {
            encodeRecreation(write, group);
            return;
        }
        check(group == null || group.tombstone() == null, "group %s was dropped", id);
        if (write.creation() != null) {
            check(group == null && !created.containsKey(id), "group %s was created before", id);
            check(write.creation().groupId() == id, "the creation record in a write of group %s is another's", id);
            group = GroupLog.created(GroupState.created(write.creation(), null));
            created.put(id, group);
            batch.state(group.state(), 0, group.nextRecord(encoded));
        }
        check(group != null || created.containsKey(id), "group %s was never created", id);
        check(group != null && group.claim(encoded), "group %s is written twice in one batch", id);
        HardState hardState = write.hardState();
        if (hardState != null) {
            check(hardState.term() >= group.state().hardState().term(), "the term of group %s would fall", id);
            batch.hardState(id, hardState, group.nextRecord(encoded));
        }
        EntryId base = group.base();
        long last = group.lastIndex();
        if (write.base() != null && !write.base().equals(base)) {
            check(
                    write.base().index() > base.index() && write.base().term() >= base.term(),
                    "the base of group %s would fall",
                    id);
            base = write.base();
            last = group.holds(base) ? last : base.index();
            Membership membership = write.membership() == null ? group.state().membership() : write.membership();
            batch.base(id, base, last, membership, group.nextRecord(encoded));
        }
        if (write.snapshot() != null) {
            batch.snapshot(id, write.snapshot(), group.nextRecord(encoded));
        }
        List<Entry> entries = write.entries();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            check(
                    entry.index() > base.index()
                            && entry.index() <= last + 1
                            && (i == 0 || entry.index() == entries.get(i - 1).index() + 1),
                    "the entries written to group %s leave a gap",
                    id);
            last = entry.index();
            batch.entry(id, entry, group.nextRecord(encoded));
        }
    }

    private void encodeTombstone(GroupWrite write, GroupLog known) {
        long id = write.groupId();
        check(write.tombstone().groupId() == id, "the tombstone in a write of group %s is another's", id);
        checkAlone(write, "a tombstone of group %s does not stand alone");
        GroupLog group = known;
        if (group == null) {
            check(!created.containsKey(id), "group %s is written twice in one batch", id);
            group = GroupLog.neverCreated(write.tombstone());
            created.put(id, group);
        }
        check(
                group.tombstone() == null
                        || write.tombstone().removedAt() >= group.tombstone().removedAt(),
                "the tombstone of group %s would fall",
                id);
        check(group.claim(encoded), "group %s is written twice in one batch", id);
        batch.tombstone(write.tombstone(), group.nextRecord(encoded));
    }

    private void encodeRecreation(GroupWrite write, GroupLog group) {
        long id = write.groupId();
        checkAlone(write, "the creation of group %s after a tombstone does not stand alone");
        check(
                write.creation().joined() > group.tombstone().removedAt(),
                "group %s was dropped and has not been joined since",
                id);
        check(group.claim(encoded), "group %s is written twice in one batch", id);
        batch.state(GroupState.created(write.creation(), group.tombstone()), 0, group.nextRecord(encoded));
    }

    private static void checkAlone(GroupWrite write, String format) {
        boolean alone = write.hardState() == null
                && write.base() == null
                && write.snapshot() == null
                && write.entries().isEmpty()
                && (write.creation() == null || write.tombstone() == null);
        check(alone, format, write.groupId());
    }

    private static void check(boolean condition, String format, long groupId) {
        if (!condition) {
            throw new IllegalArgumentException(String.format(format, groupId));
        }
    }

    /** Whether it went to a segment of its own. */
    private boolean persist() throws IOException {
        try {
            boolean rolls = !segments.fits(batch.length());
            if (rolls) {
                segments.roll(batch.length(), lastBatch);
            }
            ByteBuffer bytes =
                    batch.seal(segments.active().storeId(), segments.active().number(), lastBatch + 1, lastBatch);
            segments.write(bytes);
            return rolls;
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
        int segment = segments.active().number();
        long start = segments.offset();
        int entries = 0;
        for (LogSpace.Rewrite rewrite : rewritten) {
            GroupLog group = rewrite.group();
            int oldest = group.oldestSegment();
            if (rewrite.whole()) {
                entries += group.allMoved(segment, start, batch, entries);
            } else {
                group.stateMoved(segment);
            }
            space.written(group, oldest);
        }
        for (GroupWrite write : writes) {
            GroupLog group = groups.get(write.groupId());
            if (group == null) {
                group = created.get(write.groupId());
            }
            int oldest = group.oldestSegment();
            group.written(write, segment, start, batch, entries);
            entries += write.entries().size();
            space.written(group, oldest);
            if (write.creation() != null || write.tombstone() != null) {
                groups.put(write.groupId(), group);
            }
        }
        written();
    }

    private void written() {
        segments.advance(batch.length());
        long written = lastBatch + 1;
        lastBatch = written;
        lastBatchEmpty = batch.records() == 0;
    }

    @Override
    public List<Pin> pins() {
        return space.pins();
    }

    @Override
    public boolean isOverfull() {
        return space.isOverfull();
    }

    @Override
    public Upkeep upkeep() {
        Upkeep work = failure == null ? segments.upkeep() : null;
        return work == null ? null : () -> run(work);
    }

    private void run(Upkeep work) throws IOException {
        checkUsable();
        try {
            work.run();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
            throw e;
        }
    }

    @Override
    public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
        checkUsable();
        GroupLog group = groups.get(groupId);
        if (group == null) {
            throw new IllegalArgumentException("group " + groupId + " is not in the log");
        }
        return reader.read(group, from, to, maxBytes);
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
            if (failure == null && lastBatch > 0 && !lastBatchEmpty && segments.fits(batch.length())) {
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
