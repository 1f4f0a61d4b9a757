package io.flotilla.raft.sim;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.host.HostLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * A disk that keeps its promises and nothing more: bytes are durable after {@link DiskFile#force}, names after
 * {@link #forceDirectory}. {@link #crash} shows the disk as a power cut leaves it. One thread; all chance comes from
 * seeds.
 *
 * <p>Every change carries the local time at which it was made and the one at which it became durable, because in a
 * simulation a task's local time may be ahead of the time at which another event cuts the power.
 */
public final class SimDisk implements Disk {
    /** What the message of a write says for which there is no room. */
    public static final String NO_SPACE = "No space left on device";
    /** What the message of a force says that failed. */
    public static final String SYNC_FAILED = "Input/output error";

    /** A little less than {@code HostLimits.DISK_NANOS}, as clocks drift: who waits longer may call it a failure. */
    private static final long HANGS_NANOS = HostLimits.DISK_NANOS / 100 * 95;

    private final String name;
    private final DiskTimer timer;
    private final SplittableRandom random;
    private final SimNames names;

    private long minSyncNanos = 100_000;
    private long maxSyncNanos = 500_000;
    private long stallNanos;
    private long capacity = Long.MAX_VALUE;
    private int forcesUntilFailure = -1;
    private long forces;
    private long faultsShown;
    private long failedForces;

    /** @param name what {@link #describe} puts before each path, e.g. the node's name */
    public SimDisk(String name, DiskTimer timer, long seed) {
        this(name, timer, new SplittableRandom(seed), new SimNames());
    }

    private SimDisk(String name, DiskTimer timer, SplittableRandom random, SimNames names) {
        this.name = name;
        this.timer = timer;
        this.random = random;
        this.names = names;
    }

    // --- faults ---

    /** Each force takes a random time in {@code [min, max]} from now on. */
    public void syncLatency(long minNanos, long maxNanos) {
        if (minNanos < 0 || maxNanos < minNanos) {
            throw new IllegalArgumentException("not a range: [" + minNanos + ", " + maxNanos + "]");
        }
        minSyncNanos = minNanos;
        maxSyncNanos = maxNanos;
    }

    /** The next force takes that much longer. */
    public void stall(long nanos) {
        stallNanos = nanos;
    }

    /** Growing beyond this many bytes over all files fails as on a full disk. */
    public void capacity(long bytes) {
        capacity = bytes;
    }

    /** {@link Long#MAX_VALUE} if nothing bounds it. */
    public long capacity() {
        return capacity;
    }

    /**
     * Lets that many forces (of files and directories) pass and fails the one after, once. The bytes it was to make
     * durable are then never made durable by a later force, also not by the next process's; a crash may keep or lose
     * them. Names are in the file system's journal: a later force of the directory makes them durable.
     */
    public void failForceAfter(int passing) {
        forcesUntilFailure = passing;
    }

    /** From now on it has room and all forces work. */
    public void mend() {
        capacity = Long.MAX_VALUE;
        forcesUntilFailure = -1;
        stallNanos = 0;
    }

    /** How often a fault was shown to whoever uses this disk: no space, a failed force, one that seems to hang. */
    public long faultsShown() {
        return faultsShown;
    }

    /** How many of the faults shown were failed forces. */
    public long failedForces() {
        return failedForces;
    }

    /** Flips one bit, as rot does: behind the back of everyone. */
    public void flipBit(String path, long position, int bit) throws IOException {
        SimInode inode = inode(path);
        byte[] one = inode.read(position, 1);
        if (one.length == 0) {
            throw new IllegalArgumentException(path + " has no byte " + position);
        }
        one[0] ^= (byte) (1 << bit);
        inode.rot(one, position);
    }

    /** The sum of the sizes of all files. */
    public long usedBytes() {
        long sum = 0;
        for (SimInode inode : names.files().values()) {
            sum += inode.size();
        }
        return sum;
    }

    /** A file's size. */
    public long size(String path) throws IOException {
        return inode(path).size();
    }

    /** How many forces of files and directories were asked for. */
    public long forces() {
        return forces;
    }

    /**
     * The disk as found after a power cut at {@code atNanos}; this one stays as it is. Nothing done after that time is
     * there. Of what was not yet durable: each name change is kept or lost by chance; of each file's writes none, all,
     * a prefix with the last one torn at a byte, or a random choice of sectors is kept. Capacity and sync latency are
     * inherited, other faults are not.
     */
    public SimDisk crash(long atNanos, SplittableRandom chance) {
        SimNames after = names.crash(atNanos, chance);
        return successor(after, timer, chance.nextLong());
    }

    /**
     * The disk as the next process finds it after this one was killed at {@code atNanos} while the power stayed on:
     * everything done until then is there, but what was not durable still is not.
     */
    public SimDisk kill(long atNanos) {
        return successor(names.kill(atNanos), timer, random.nextLong());
    }

    /** A copy with a time of its own, to try something on. */
    public SimDisk copy(long atNanos) {
        return successor(names.kill(atNanos), DiskTimer.standalone(), 0);
    }

    /** The same, with another timer from here on. Not the one that it was copied from is to be used any more. */
    public SimDisk on(DiskTimer other) {
        return successor(names, other, random.nextLong());
    }

    private SimDisk successor(SimNames after, DiskTimer itsTimer, long seed) {
        SimDisk next = new SimDisk(name, itsTimer, new SplittableRandom(seed), after);
        next.syncLatency(minSyncNanos, maxSyncNanos);
        next.capacity(capacity);
        return next;
    }

    // --- the port ---

    @Override
    public DiskFile open(String path) throws IOException {
        String parent = SimNames.parent(path);
        if (!names.directories().contains(parent)) {
            throw new NoSuchFileException(describe(parent));
        }
        if (names.directories().contains(path)) {
            throw new IOException(describe(path) + " is a directory");
        }
        SimInode inode = names.files().get(path);
        if (inode == null) {
            inode = new SimInode();
            names.change(timer, new SimNames.Link(path, inode));
        }
        return new SimFile(inode, path);
    }

    @Override
    public boolean exists(String path) {
        return names.files().containsKey(path) || names.directories().contains(path);
    }

    @Override
    public List<String> list(String directory) {
        TreeSet<String> found = new TreeSet<>();
        for (String path : names.files().keySet()) {
            if (SimNames.parent(path).equals(directory)) {
                found.add(path.substring(path.lastIndexOf('/') + 1));
            }
        }
        for (String path : names.directories()) {
            if (!path.isEmpty() && SimNames.parent(path).equals(directory)) {
                found.add(path.substring(path.lastIndexOf('/') + 1));
            }
        }
        return List.copyOf(found);
    }

    @Override
    public void createDirectories(String directory) throws IOException {
        if (names.directories().contains(directory)) {
            return;
        }
        if (names.files().containsKey(directory)) {
            throw new IOException(describe(directory) + " is a file");
        }
        createDirectories(SimNames.parent(directory));
        names.change(timer, new SimNames.MakeDirectory(directory));
    }

    @Override
    public void delete(String path) throws IOException {
        if (names.directories().contains(path)) {
            throw new IOException(describe(path) + " is a directory");
        }
        if (names.files().containsKey(path)) {
            names.change(timer, new SimNames.Unlink(path));
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        SimInode inode = inode(from);
        if (!names.directories().contains(SimNames.parent(to))) {
            throw new NoSuchFileException(describe(SimNames.parent(to)));
        }
        names.change(timer, new SimNames.Rename(from, to, inode));
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        if (!names.directories().contains(directory)) {
            throw new NoSuchFileException(describe(directory));
        }
        if (spendOnForce()) {
            throw new IOException(SYNC_FAILED + ": force of directory " + describe(directory));
        }
        names.force(directory, timer);
    }

    @Override
    public String describe(String path) {
        return name + ":/" + path;
    }

    @Override
    public String toString() {
        return "SimDisk(" + name + ")";
    }

    private SimInode inode(String path) throws IOException {
        SimInode inode = names.files().get(path);
        if (inode == null) {
            throw new NoSuchFileException(describe(path));
        }
        return inode;
    }

    /** Returns whether the force fails. */
    private boolean spendOnForce() {
        forces++;
        timer.spend(minSyncNanos + random.nextLong(maxSyncNanos - minSyncNanos + 1) + stallNanos);
        if (stallNanos > HANGS_NANOS) {
            faultsShown++;
        }
        stallNanos = 0;
        if (forcesUntilFailure < 0) {
            return false;
        }
        boolean fails = forcesUntilFailure-- == 0;
        if (fails) {
            faultsShown++;
            failedForces++;
        }
        return fails;
    }

    private void reserve(SimInode inode, long newSize) throws IOException {
        long growth = newSize - inode.size();
        if (capacity != Long.MAX_VALUE && growth > 0 && usedBytes() + growth > capacity) {
            faultsShown++;
            throw new IOException(NO_SPACE + " " + name);
        }
    }

    private final class SimFile implements DiskFile {
        private final SimInode inode;
        private final String path;
        private boolean open = true;

        SimFile(SimInode inode, String path) {
            this.inode = inode;
            this.path = path;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            check();
            return inode.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            check();
            reserve(inode, position + source.remaining());
            byte[] data = new byte[source.remaining()];
            source.get(data);
            inode.write(timer, data, position);
        }

        @Override
        public void force() throws IOException {
            check();
            boolean fails = spendOnForce();
            inode.force(timer, fails);
            if (fails) {
                throw new IOException(SYNC_FAILED + ": force of " + describe(path));
            }
        }

        @Override
        public long size() throws IOException {
            check();
            return inode.size();
        }

        @Override
        public void setSize(long size) throws IOException {
            check();
            reserve(inode, size);
            inode.setSize(timer, size);
        }

        @Override
        public void close() {
            open = false;
        }

        private void check() throws IOException {
            if (!open) {
                throw new IOException(describe(path) + " was closed");
            }
        }
    }
}
