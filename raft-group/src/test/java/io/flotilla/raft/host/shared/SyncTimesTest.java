package io.flotilla.raft.host.shared;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.transfer.OtherDisks;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a node's disk is slow, and whose disks are quicker. */
class SyncTimesTest {
    private static final long MILLI = 1_000_000L;
    private static final long TICK = 50 * MILLI;
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");

    private final Time time = new Time();
    private final SyncTimes times = new SyncTimes(time, TICK);
    private final List<Long> told = new ArrayList<>();
    private final List<Boolean> changes = new ArrayList<>();

    /** Of the machine; below zero, as some have it. */
    private static final class Time implements Clock {
        long now = -3_600_000 * MILLI;

        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return 0;
        }
    }

    SyncTimesTest() {
        tick();
    }

    private void tick() {
        SyncTimes.News news = times.tick(Math.floorDiv(time.now, TICK));
        if (news.own() >= 0) {
            told.add(news.own());
        }
        if (news.changed() != null) {
            changes.add(news.changed().isSlow());
        }
    }

    private void pass(long millis) {
        for (long i = 0; i < millis; i++) {
            time.now += MILLI;
            if (Math.floorMod(time.now, TICK) == 0) {
                tick();
            }
        }
    }

    private void write(long millis) {
        times.begun();
        pass(millis);
        times.ended();
    }

    /** One write after the other. */
    private void writes(long millisEach, long millis) {
        long end = time.now + millis * MILLI;
        while (time.now < end) {
            write(millisEach);
        }
    }

    private void healthyOthers() {
        times.heard(A, 2 * MILLI);
        times.heard(B, 3 * MILLI);
        pass(50);
    }

    private List<NodeId> quicker() {
        times.heard(A, 2 * MILLI);
        times.heard(B, 3 * MILLI);
        pass(50);
        return List.copyOf(times.others().quicker());
    }

    @Test
    void slowSyncsAreFoundWithinFiveSeconds() {
        for (long millis : new long[] {100, 500, 1_500, 3_900, 9_000}) {
            writes(5, 5_000);
            assertThat(quicker()).isEmpty();
            assertThat(times.pace().isSlow()).isFalse();
            long began = time.now;
            times.begun();
            long left = millis;
            while (quicker().isEmpty()) {
                left -= 50;
                if (left <= 0) {
                    times.ended();
                    times.begun();
                    left = millis;
                }
                assertThat(time.now - began).as("syncs of %d ms", millis).isLessThan(5_000 * MILLI);
            }
            assertThat(quicker()).containsExactly(A, B);
            assertThat(times.pace().isSlow()).isTrue();
            times.ended();
            writes(5, 5_000);
            assertThat(times.pace().isSlow()).isFalse();
            assertThat(quicker()).isEmpty();
        }
    }

    @Test
    void aSlowDiskThatWritesRarelyIsFound() {
        pass(50);
        for (int i = 0; i < 4; i++) {
            assertThat(times.pace().isSlow()).as("%d writes", i).isFalse();
            write(400);
            pass(9_600);
        }
        assertThat(times.pace().isSlow()).isTrue();
        assertThat(times.pace().nanos()).isEqualTo(400 * MILLI);
        assertThat(quicker()).containsExactly(A, B);
    }

    @Test
    void onePauseOfADiskIsNoSlowDisk() {
        for (int i = 0; i < 5; i++) {
            writes(5, 5_000);
            write(1_500);
            assertThat(quicker()).isEmpty();
        }
        assertThat(changes).isEmpty();
    }

    /** A process that was stopped, or a machine: no write took so long. */
    @Test
    void timeInWhichTheProcessDidNotRunIsNotCounted() {
        for (int i = 0; i < 10; i++) {
            times.begun();
            time.now += 9_000 * MILLI;
            tick();
            times.ended();
            writes(5, 5_000);
        }
        assertThat(changes).isEmpty();
        times.begun();
        time.now += 9_000 * MILLI;
        tick();
        assertThat(times.ended()).isLessThan(400 * MILLI);
    }

    @Test
    void whereAllAreSlowNobodyIsQuicker() {
        writes(1_500, 9_000);
        times.heard(A, 400 * MILLI);
        times.heard(B, 3_900 * MILLI);
        pass(50);
        assertThat(times.pace().isSlow()).isTrue();
        assertThat(times.others().quicker()).isEmpty();
        assertThat(times.others().slow()).containsExactly(B);
        times.heard(A, 300 * MILLI);
        pass(50);
        assertThat(times.others().quicker()).containsExactly(A);
    }

    @Test
    void whatWasToldLongAgoIsForgotten() {
        writes(500, 5_000);
        healthyOthers();
        assertThat(times.others().quicker()).hasSize(2);
        writes(500, 9_500);
        assertThat(times.others().quicker()).hasSize(2);
        writes(500, 1_000);
        assertThat(times.others()).isSameAs(OtherDisks.NONE);
        healthyOthers();
        times.forget(B);
        pass(50);
        assertThat(times.others().quicker()).containsExactly(A);
    }

    @Test
    void theMedianOfTheLongestIsToldOnceASecondWhileThereAreWrites() {
        writes(5, 1_900);
        assertThat(told).isEmpty();
        writes(5, 1_200);
        assertThat(told).hasSizeBetween(1, 2).allMatch(one -> one == 5 * MILLI);
        told.clear();
        writes(20, 10_000);
        assertThat(told).hasSizeBetween(9, 11).endsWith(20 * MILLI);
        told.clear();
        write(9_000);
        assertThat(told.get(4)).as("one that is under way").isGreaterThan(1_000 * MILLI);
        pass(100_000);
        int count = told.size();
        pass(100_000);
        assertThat(told).as("nothing to tell").hasSize(count);
    }

    @Test
    void aDiskThatIsSlowIsSaidSoOnce() {
        writes(120, 10_000);
        writes(60, 10_000);
        assertThat(changes).containsExactly(true);
        writes(10, 10_000);
        writes(60, 10_000);
        assertThat(changes).containsExactly(true, false);
        assertThat(times.pace().describe()).isEqualTo("writes to its log take 0.060 s each");
        healthyOthers();
        assertThat(times.pace().describe()).isEqualTo("writes to its log take 0.060 s each (a: 0.002 s, b: 0.003 s)");
    }

    @Test
    void severalWorkersTickForOneDisk() {
        for (int i = 0; i < 100; i++) {
            pass(50);
            tick();
            tick();
            times.begun();
            time.now += MILLI;
            times.ended();
        }
        assertThat(told).hasSizeBetween(2, 4);
        assertThat(times.tick(Long.MIN_VALUE + 1).own()).isEqualTo(-1);
    }
}
