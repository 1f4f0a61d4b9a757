package io.flotilla.raft.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TransferPaceTest {
    private static final long MILLI = 1_000_000L;
    private static final long MOST = 320 << 20;
    private static final long LEAST = MOST / 16;

    private final SimScheduler scheduler = new SimScheduler(1);
    private final SimRuntime runtime = new SimRuntime(scheduler, "n1", new SplittableRandom(1), 0, 0);
    private final TransferPace pace = new TransferPace(
            runtime.lane("transfers"),
            new TransferConfig(2, 2, 1000, 8, MOST, 500 * MILLI, 1000 * MILLI, 15_000 * MILLI));

    /** How long writes take; -1 if there are none. */
    private long writeNanos = 2 * MILLI;

    /** Asks for the rate each millisecond, as who moves bytes does. */
    private long after(long millis) {
        for (long i = 0; i < millis; i++) {
            pace.bytesPerSecond();
            scheduler.runUntil(scheduler.now() + MILLI);
        }
        return pace.bytesPerSecond();
    }

    private void givesWay() {
        pace.giveWayTo(() -> writeNanos);
    }

    @Test
    void theRateRisesFromTheLeastToTheMostWhileWritesTakeAsLongAsUsual() {
        givesWay();
        assertThat(pace.bytesPerSecond()).isEqualTo(LEAST);
        assertThat(after(200)).isBetween(MOST / 4, MOST / 2);
        assertThat(after(500)).isEqualTo(MOST);
        writeNanos = 7 * MILLI;
        assertThat(after(100)).as("not long").isEqualTo(MOST);
        writeNanos = -1;
        assertThat(after(1000)).as("no writes").isEqualTo(MOST);
    }

    @Test
    void theRateFallsWhileWritesTakeLongerThanUsualAndComesBack() {
        givesWay();
        assertThat(after(700)).isEqualTo(MOST);
        writeNanos = 12 * MILLI;
        assertThat(after(50)).isLessThanOrEqualTo(MOST / 2);
        assertThat(after(100)).isEqualTo(LEAST);
        writeNanos = 3 * MILLI;
        assertThat(after(700)).isEqualTo(MOST);
    }

    @Test
    void aDiskThatIsSlowByItselfIsUsual() {
        writeNanos = 50 * MILLI;
        givesWay();
        assertThat(after(700)).isEqualTo(MOST);
        writeNanos = 150 * MILLI;
        assertThat(after(100)).as("less than four times as long").isEqualTo(MOST);
        writeNanos = 1_000 * MILLI;
        assertThat(after(200)).isEqualTo(LEAST);
        assertThat(after(10_000)).as("usual by now").isEqualTo(MOST);
    }

    @Test
    void withNothingOnItsWayNothingIsLookedAtAndTheNextBeginsWithTheLeast() {
        givesWay();
        assertThat(after(700)).isEqualTo(MOST);
        scheduler.runUntil(scheduler.now() + 600 * MILLI);
        assertThat(pace.bytesPerSecond()).isEqualTo(LEAST);
    }

    @Test
    void whereNothingHasToBeGivenWayToTheRateIsTheMost() {
        assertThat(pace.bytesPerSecond()).isEqualTo(MOST);
    }
}
