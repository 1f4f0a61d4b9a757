package io.flotilla.ops.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.RefusedException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class DriverTest {
    private static final long MILLI = 1_000_000;

    private final long origin = System.nanoTime();
    private final LongSupplier clock = () -> System.nanoTime() - origin;
    private final Measurement measurement = new Measurement();

    private static final Driver.Place ONE = new Driver.Place(1, 5);

    /** Answers at once, or keeps operations until it is told to answer. */
    private static final class Target implements Supplier<Driver.Started> {
        private final AtomicBoolean stalled = new AtomicBoolean();
        private final List<CompletableFuture<?>> kept = Collections.synchronizedList(new ArrayList<>());
        private final CountDownLatch someKept;

        Target(int expected) {
            someKept = new CountDownLatch(expected);
        }

        @Override
        public Driver.Started get() {
            if (!stalled.get()) {
                return new Driver.Started(CompletableFuture.completedFuture(1L), new Driver.Place(7, 3));
            }
            CompletableFuture<Long> end = new CompletableFuture<>();
            kept.add(end);
            someKept.countDown();
            return new Driver.Started(end, new Driver.Place(7, 3));
        }

        void answer() {
            stalled.set(false);
            List.copyOf(kept).forEach(future -> future.complete(null));
        }
    }

    private void waitUntil(long nanos) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        while (clock.getAsLong() < nanos) {
            assertThat(never.await(nanos - clock.getAsLong(), TimeUnit.NANOSECONDS))
                    .isFalse();
        }
    }

    /** Two operations are under way in a pause of 300 ms, but a thousand a second were due in it. */
    @Test
    void withARateAPauseMakesAllLateThatWereDueInIt() throws Exception {
        Target target = new Target(2);
        Driver driver = new Driver(target, 2, 1000, clock, measurement);
        measurement.open(0);
        driver.start();
        waitUntil(100 * MILLI);
        target.stalled.set(true);
        assertThat(target.someKept.await(20, TimeUnit.SECONDS)).isTrue();
        waitUntil(clock.getAsLong() + 300 * MILLI);
        target.answer();
        waitUntil(clock.getAsLong() + 200 * MILLI);
        driver.stop();
        measurement.recent();

        long late = measurement.latencies().getCountBetweenValues(100 * MILLI, Long.MAX_VALUE / 2);
        assertThat(late).isGreaterThan(150);
        assertThat(measurement.latencies().getMaxValue()).isGreaterThan(290 * MILLI);
        assertThat(measurement.operations()).isGreaterThan(400);
        assertThat(measurement.groups()).containsOnlyKeys(7L);
    }

    @Test
    void whatHasNotEndedCountsWithTheTimeItHasWaited() throws Exception {
        Target target = new Target(3);
        target.stalled.set(true);
        Driver driver = new Driver(target, 3, 1000, clock, measurement);
        measurement.open(0);
        driver.start();
        assertThat(target.someKept.await(20, TimeUnit.SECONDS)).isTrue();
        long end = clock.getAsLong() + 300 * MILLI;
        waitUntil(end);
        driver.stop();
        driver.unfinished(end, measurement::unfinished);

        assertThat(measurement.operations()).isZero();
        assertThat(measurement.latencies().getTotalCount()).isGreaterThan(290);
        assertThat(measurement.latencies().getMaxValue()).isGreaterThan(290 * MILLI);
        assertThat(measurement.latencies().getValueAtPercentile(50)).isGreaterThan(100 * MILLI);
    }

    @Test
    void withoutARateAFixedNumberIsUnderWay() throws Exception {
        AtomicInteger underWay = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<CompletableFuture<Long>> open = Collections.synchronizedList(new ArrayList<>());
        Supplier<Driver.Started> counting = () -> {
            most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            CompletableFuture<Long> end = new CompletableFuture<>();
            open.add(end);
            return new Driver.Started(end, ONE);
        };
        Driver driver = new Driver(counting, 5, 0, clock, measurement);
        measurement.open(0);
        driver.start();
        for (int i = 0; i < 1000; i++) {
            CompletableFuture<Long> first = open.remove(0);
            underWay.decrementAndGet();
            first.complete(1L);
        }
        driver.stop();

        assertThat(most).hasValue(5);
        assertThat(open).hasSize(5);
        assertThat(measurement.operations()).isEqualTo(1000);
    }

    /** Operations that end at once, as refusals do, must not pile up calls on the stack. */
    @Test
    void operationsThatEndAtOnceFollowEachOtherWithoutEnd() throws Exception {
        CountDownLatch many = new CountDownLatch(200_000);
        Supplier<Driver.Started> failing = () -> {
            many.countDown();
            return new Driver.Started(
                    CompletableFuture.failedFuture(new RefusedException(RefusedException.Reason.BUSY, "full")), ONE);
        };
        Driver driver = new Driver(failing, 1, 0, clock, measurement);
        measurement.open(0);
        Thread starter = new Thread(driver::start, "starter");
        starter.start();
        assertThat(many.await(60, TimeUnit.SECONDS)).isTrue();
        driver.stop();
        starter.join();

        assertThat(measurement.errors()).containsOnlyKeys("BUSY");
        assertThat(measurement.errors().get("BUSY")).isGreaterThan(100_000);
        assertThat(measurement.latencies().getTotalCount()).isZero();
    }

    @Test
    void onlyTheWindowCounts() {
        measurement.open(1000);
        measurement.closeAt(2000);

        measurement.ended(ONE, 400, 900, null);
        measurement.ended(ONE, 900, 1100, null);
        measurement.ended(ONE, 1100, 1200, new RefusedException(RefusedException.Reason.INVALID, "no"));
        measurement.ended(ONE, 1900, 2500, null);
        measurement.ended(ONE, 2100, 2600, null);
        measurement.recent();

        assertThat(measurement.operations()).isEqualTo(1);
        assertThat(measurement.errors()).containsExactly(java.util.Map.entry("INVALID", 1L));
        // the one that began within and ended after it is not counted, but its time is not hidden
        assertThat(measurement.latencies().getMaxValue()).isBetween(600L, 601L);
    }

    @Test
    void theLongestTimeBetweenTwoAnswersIsToldForEachShard() {
        Driver.Place other = new Driver.Place(1, 6);
        measurement.open(1000);
        measurement.closeAt(2000);

        measurement.ended(ONE, 900, 1100, null);
        measurement.ended(other, 900, 1150, null);
        measurement.ended(ONE, 900, 1200, null);
        measurement.ended(
                ONE, 1200, 1250, new RefusedException(RefusedException.Reason.BUSY, "no answer of the shard's"));
        measurement.ended(ONE, 1200, 1700, null);
        measurement.ended(ONE, 1700, 2900, null);

        // the second shard was silent from 1150 to the end
        assertThat(measurement.longestGaps())
                .containsExactly(java.util.Map.entry(5L, 500L), java.util.Map.entry(6L, 850L));
    }
}
