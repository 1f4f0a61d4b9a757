package io.flotilla.raft.sim;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Enumerates crashes: after each step of what was done on a disk, the process is killed, or the power goes and of what was not durable
 * nothing much is left, or something else. A disk given out is as found after that.
 */
public final class CrashPoints implements DiskTimer {
    /** After a crash. */
    public interface Found {
        /** @param whole whether the crash came after the last step */
        void look(SimDisk disk, boolean whole) throws IOException;
    }

    /** What is done on a disk, in steps. */
    public interface Work {
        void run(SteppedDisk disk) throws IOException;
    }

    private final int powerCuts;
    private long now;
    private long taskStart;
    private long crashes;

    /** @param powerCuts of different outcome at each point */
    public CrashPoints(int powerCuts) {
        this(powerCuts, 0);
    }

    /** @param now not before what was done on the disk that is worked on */
    public CrashPoints(int powerCuts, long now) {
        this.powerCuts = powerCuts;
        this.now = now;
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public void spend(long nanos) {
        now++;
    }

    @Override
    public long taskStart() {
        return taskStart;
    }

    public void step() {
        now++;
    }

    /** The disk in steps. */
    public SteppedDisk stepped(SimDisk disk) {
        return new SteppedDisk(disk, this::step);
    }

    /** How many there were, of all calls. */
    public long crashes() {
        return crashes;
    }

    /** Does the work, and then looks at what a crash after each of its steps would have left. */
    public void enumerate(SimDisk disk, Work work, Found found) throws IOException {
        now++;
        long begin = now;
        taskStart = begin;
        work.run(stepped(disk));
        long end = ++now;
        for (long at = begin; at <= end; at++) {
            for (SimDisk left : left(disk, at)) {
                crashes++;
                try {
                    found.look(left, at == end);
                } catch (IOException | RuntimeException | AssertionError e) {
                    throw new AssertionError("after step " + (at - begin) + " of " + (end - begin), e);
                }
            }
        }
    }

    private List<SimDisk> left(SimDisk disk, long at) {
        List<SimDisk> all = new ArrayList<>();
        all.add(disk.kill(at));
        for (int i = 0; i < powerCuts; i++) {
            all.add(disk.crash(at, new SplittableRandom(at * 31 + i)));
        }
        return all;
    }
}
