package io.flotilla.raft.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.sim.CrashPoints;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SteppedDisk;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A crash after each step of a write, of tidying up and of the founding, and then one after each step of the recovery from it: the log holds what
 * was acknowledged, and of the write that was under way all or nothing.
 */
@Timeout(600)
class PairsOfCrashesTest {
    private static final LogConfig CONFIG = new LogConfig(8192, 32768, 77, 2);
    private static final int WRITES = 7;

    private final CrashPoints first = new CrashPoints(1);
    private long recoveries;
    private long pairs;
    private int mostSteps;

    /** Every write of a log goes through a recovery that crashes, at each pair of points. */
    @Test
    void ofAWriteAndTheRecoveryAfterIt() throws IOException {
        SplittableRandom random = new SplittableRandom(11);
        SimDisk disk = new SimDisk("n1", first, 1);
        LogModel model = new LogModel();
        SegmentedLogStore[] store = new SegmentedLogStore[1];
        first.enumerate(
                disk,
                stepped -> store[0] = SegmentedLogStore.open(stepped, "data/log", CONFIG),
                (left, whole) -> recoverInPieces(left, List.of(new LogModel())));
        for (int i = 0; i < WRITES; i++) {
            List<GroupWrite> batch = store[0].pins().isEmpty() || random.nextInt(3) > 0
                    ? model.randomBatch(random, 900)
                    : model.answer(store[0].pins(), random);
            LogModel before = model.copy();
            model.apply(batch);
            LogModel after = model.copy();
            long steps = first.now();
            first.enumerate(
                    disk,
                    stepped -> store[0].write(batch),
                    (left, whole) -> recoverInPieces(left, whole ? List.of(after) : List.of(before, after)));
            mostSteps = (int) Math.max(mostSteps, first.now() - steps);
            LogStore.Upkeep upkeep = store[0].upkeep();
            if (upkeep != null) {
                first.enumerate(disk, stepped -> upkeep.run(), (left, whole) -> recoverInPieces(left, List.of(after)));
            }
        }
        System.out.printf(
                "%,d crashes, %,d pairs of them; the longest write had %d steps%n", recoveries, pairs, mostSteps);
        assertThat(mostSteps)
                .as("one that goes on to another segment is among them")
                .isGreaterThan(10);
        assertThat(pairs).isGreaterThan(1_000);
    }

    /** The recovery runs to its end, and then as if a crash had come after each step of it. */
    private void recoverInPieces(SimDisk left, List<LogModel> possible) throws IOException {
        recoveries++;
        CrashPoints second = new CrashPoints(1, first.now());
        SimDisk disk = left.on(second);
        second.enumerate(disk, stepped -> mustBeOneOf(stepped, possible), (again, whole) -> {
            pairs++;
            mustBeOneOf(second.stepped(again), possible);
        });
    }

    private static void mustBeOneOf(SteppedDisk disk, List<LogModel> possible) throws IOException {
        SegmentedLogStore store = SegmentedLogStore.open(disk, "data/log", CONFIG);
        boolean found = false;
        for (LogModel model : possible) {
            found |= model.matches(store);
        }
        assertThat(found).as("the log is one that it may be").isTrue();
    }
}
