package io.flotilla.raft.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TransferPaceTest {
    private static final long MILLI = 1_000_000L;
    private static final long MOST = 320 << 20;

    private final SimScheduler scheduler = new SimScheduler(1);
    private final SimRuntime runtime = new SimRuntime(scheduler, "n1", new SplittableRandom(1), 0, 0);
    private final TransferConfig config =
            new TransferConfig(2, 2, 1000, 8, MOST, 500 * MILLI, 1000 * MILLI, 15_000 * MILLI);
    private final TransferPace pace = new TransferPace(runtime.clock(), runtime.lane("transfers"), config);
    private final Lane lane = runtime.lane("group");
    private long delay;
    private final Lane group = new DelayedLane(lane, () -> delay);

    /** Asks for the rate each millisecond, as who moves bytes does. */
    private long after(long millis) {
        for (long i = 0; i < millis; i++) {
            pace.bytesPerSecond();
            scheduler.runUntil(scheduler.now() + MILLI);
        }
        return pace.bytesPerSecond();
    }

    @Test
    void groupsWithNothingToDoLeaveTransfersAll() {
        pace.giveWayTo(group);
        assertThat(pace.bytesPerSecond()).isEqualTo(MOST / 8);
        assertThat(after(100)).isBetween(MOST / 4, MOST / 2);
        assertThat(after(250)).isEqualTo(MOST);
        delay = 2 * MILLI;
        assertThat(after(1000)).isEqualTo(MOST);
    }

    @Test
    void transfersGiveWayToGroupsThatWaitAndComeBack() {
        Lane other = new DelayedLane(runtime.lane("other"), () -> delay);
        pace.giveWayTo(lane);
        pace.giveWayTo(other);
        assertThat(after(400)).isEqualTo(MOST);
        delay = 4 * MILLI;
        assertThat(after(30)).isLessThan(MOST / 2);
        assertThat(after(200)).isEqualTo(MOST / 8);
        delay = 0;
        assertThat(after(400)).isEqualTo(MOST);
    }

    @Test
    void aGroupLaneThatRunsNothingLeavesTransfersTheLeast() {
        pace.giveWayTo(group);
        assertThat(after(400)).isEqualTo(MOST);
        delay = -1;
        assertThat(after(200)).isEqualTo(MOST / 8);
    }

    @Test
    void withNothingOnItsWayNothingIsMeasured() {
        pace.giveWayTo(group);
        assertThat(after(400)).isEqualTo(MOST);
        scheduler.runUntil(scheduler.now() + 600 * MILLI);
        delay = -1;
        long before = scheduler.now();
        scheduler.runUntil(before + 10_000 * MILLI);
        assertThat(pace.bytesPerSecond()).isEqualTo(MOST / 8);
    }

    @Test
    void withoutGroupsTheRateIsTheMost() {
        assertThat(pace.bytesPerSecond()).isEqualTo(MOST);
    }
}
