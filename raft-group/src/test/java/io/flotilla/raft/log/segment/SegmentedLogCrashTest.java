package io.flotilla.raft.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Power cuts and kills at any moment, also during recovery: after each, the log holds all that was acknowledged or
 * recovered before, and of the write that was under way all or nothing.
 */
class SegmentedLogCrashTest {
    private static final LogConfig CONFIG = new LogConfig(8192, 32768, 77, 2);

    /** A timer whose tasks begin where the test says, so that crashes can come at any time since. */
    private static final class TaskTimer implements DiskTimer {
        private long now;
        private long taskStart;

        void beginTask() {
            now++;
            taskStart = now;
        }

        @Override
        public long now() {
            return now;
        }

        @Override
        public void spend(long nanos) {
            now += nanos;
        }

        @Override
        public long taskStart() {
            return taskStart;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatWasAcknowledgedIsThere(long seedBlock) throws IOException {
        int beginnings = 0;
        int copies = 0;
        for (long seed = seedBlock * 1000; seed < seedBlock * 1000 + 125; seed++) {
            try {
                SimDisk end = run(new SplittableRandom(seed));
                for (String name : end.list("data/log")) {
                    int number = SegmentFormat.numberOf(name);
                    beginnings = Math.max(beginnings, number);
                    copies += number == 0 ? 0 : LogBytes.copies(LogBytes.read(end, "data/log/" + name), number);
                }
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        // else nothing was dropped, or nothing written once more
        assertThat(beginnings).isGreaterThan(20);
        assertThat(copies).isGreaterThan(100);
    }

    private static SimDisk run(SplittableRandom random) throws IOException {
        TaskTimer timer = new TaskTimer();
        SimDisk disk = new SimDisk("n1", timer, random.nextLong());
        // what the log may hold: exactly one of these
        List<LogModel> possible = new ArrayList<>(List.of(new LogModel()));
        for (int lives = 0; lives < 12; lives++) {
            if (random.nextInt(8) == 0) {
                disk.failForceAfter(random.nextInt(30));
            }
            timer.beginTask();
            SegmentedLogStore store;
            try {
                store = SegmentedLogStore.open(disk, "data/log", CONFIG);
            } catch (IOException e) {
                disk = failed(e, disk, timer, random);
                continue;
            }
            LogModel found = null;
            for (LogModel model : possible) {
                found = model.matches(store) ? model : found;
            }
            assertThat(found).as("the recovered log is one that it may be").isNotNull();
            if (random.nextInt(4) == 0) {
                // recovery may not have ended: nothing it found was acted upon
                disk = end(disk, timeOfEnd(timer, random), random);
                continue;
            }
            possible = new ArrayList<>(List.of(found));
            try {
                live(store, timer, random, possible);
            } catch (IOException e) {
                disk = failed(e, disk, timer, random);
                continue;
            }
            long at = timeOfEnd(timer, random);
            if (at >= timer.now()) {
                // the last call had returned
                possible = new ArrayList<>(List.of(possible.get(possible.size() - 1)));
            }
            disk = end(disk, at, random);
        }
        return disk;
    }

    /** Writes, reads and tidies up; leaves in the list what the log may hold if the last call did not return. */
    private static void live(SegmentedLogStore store, TaskTimer timer, SplittableRandom random, List<LogModel> possible)
            throws IOException {
        LogModel found = possible.get(0);
        LogStore.Upkeep upkeep = null;
        for (int writes = 1 + random.nextInt(30); writes > 0; writes--) {
            List<GroupWrite> batch = found.randomBatch(random, random.nextInt(20) == 0 ? 9000 : 300);
            if (upkeep != null && random.nextInt(4) == 0) {
                timer.beginTask();
                upkeep.run();
                upkeep = null;
            }
            if (random.nextInt(4) == 0 && !store.pins().isEmpty()) {
                batch = found.answer(store.pins(), random);
            }
            timer.beginTask();
            possible.clear();
            possible.add(found);
            found = found.copy().apply(batch);
            possible.add(found);
            store.write(batch);
            upkeep = upkeep == null ? store.upkeep() : upkeep;
        }
        if (upkeep != null && random.nextInt(3) == 0) {
            timer.beginTask();
            possible.remove(0);
            upkeep.run();
        } else if (random.nextInt(3) == 0) {
            timer.beginTask();
            possible.remove(0);
            found.assertReadBy(store);
            store.close();
        }
    }

    /** The process ends because a sync failed; the power may stay on. */
    private static SimDisk failed(IOException e, SimDisk disk, TaskTimer timer, SplittableRandom random) {
        assertThat(e).hasMessageContaining("Input/output error");
        return end(disk, timer.now(), random);
    }

    /** A time since the last task began; at its end in half of the cases. */
    private static long timeOfEnd(TaskTimer timer, SplittableRandom random) {
        return random.nextBoolean() ? timer.now() : random.nextLong(timer.taskStart(), timer.now() + 1);
    }

    private static SimDisk end(SimDisk disk, long at, SplittableRandom random) {
        return random.nextInt(3) == 0 ? disk.kill(at) : disk.crash(at, random);
    }
}
