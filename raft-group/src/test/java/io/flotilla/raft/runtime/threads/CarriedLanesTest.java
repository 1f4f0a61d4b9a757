package io.flotilla.raft.runtime.threads;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Non-blocking lanes that are run by other threads for a while. */
class CarriedLanesTest {
    private static final long MILLI = 1_000_000;

    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private final Carrying carrying = new Carrying();
    private final ThreadRuntime runtime = new ThreadRuntime("test", (lane, cause) -> failures.add(cause), carrying);

    /** Keeps what its threads are given until the test runs it, or hands it on. */
    private static final class Carrying implements Carriers {
        final BlockingQueue<Runnable> given = new LinkedBlockingQueue<>();
        final List<Integer> numbers = new ArrayList<>();
        volatile Executor handOn;
        volatile long roundNanos;

        @Override
        public Executor carrier(int number) {
            numbers.add(number);
            return task -> {
                Executor to = handOn;
                if (to == null) {
                    given.add(task);
                } else {
                    to.execute(task);
                }
            };
        }

        @Override
        public void setRoundNanos(long nanosApart) {
            roundNanos = nanosApart;
        }
    }

    @AfterEach
    void close() {
        runtime.close();
    }

    /** Gives the lane tasks until one finds it asleep and so comes to the carrier. */
    private Runnable untilCarried(Lane lane, Runnable task) throws Exception {
        Thread own = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("test-" + lane.name()))
                .findAny()
                .orElseThrow();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < deadline) {
            while (own.getState() != Thread.State.TIMED_WAITING) {
                assertThat(System.nanoTime()).as("the lane never sleeps").isLessThan(deadline);
                Thread.onSpinWait();
            }
            CountDownLatch ran = new CountDownLatch(1);
            lane.execute(() -> {
                task.run();
                ran.countDown();
            });
            Runnable carried = carrying.given.poll();
            if (carried != null) {
                return carried;
            }
            assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        }
        throw new AssertionError("never given to the carrier");
    }

    @Test
    void theCarrierRunsALaneThatSleeps() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        runtime.setInlineRuns(false);
        assertThat(runtime.carry(MILLI)).isTrue();
        assertThat(carrying.roundNanos).isEqualTo(MILLI);
        List<String> ran = new ArrayList<>();
        Thread here = Thread.currentThread();
        Runnable carried = untilCarried(lane, () -> {
            if (Thread.currentThread() == here) {
                ran.add("first " + lane.isCurrent() + " " + lane.mayBlock());
            }
        });
        CountDownLatch second = new CountDownLatch(1);
        lane.execute(() -> {
            ran.add("second");
            second.countDown();
        });
        assertThat(carrying.given).as("the carrier comes in any case").isEmpty();
        carried.run();
        // by the own thread, if the first took a carrier's whole millisecond
        assertThat(second.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(ran).containsExactly("first true false", "second");
        assertThat(lane.isCurrent()).as("given back").isFalse();
    }

    @Test
    void whatComesJustWhenTheCarrierLeavesIsNotLost() throws Exception {
        ExecutorService carrier = Executors.newSingleThreadExecutor();
        carrying.handOn = carrier;
        Lane lane = runtime.nonBlockingLane("a");
        runtime.carry(MILLI);
        AtomicInteger ran = new AtomicInteger();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int i = 1; i <= 20_000; i++) {
            lane.execute(ran::incrementAndGet);
            while (ran.get() < i) {
                assertThat(System.nanoTime() - deadline)
                        .as("task %d never ran", i)
                        .isNegative();
            }
        }
        carrier.shutdown();
    }

    @Test
    void whenItEndsTheGiverRunsItAgain() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        runtime.carry(MILLI);
        assertThat(runtime.carry(0)).isFalse();
        assertThat(carrying.roundNanos).isZero();
        for (int i = 0; i < 1_000; i++) {
            CountDownLatch ran = new CountDownLatch(1);
            runtime.runInline(() -> lane.execute(ran::countDown));
            assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(carrying.given).isEmpty();
    }

    @Test
    void onlyNonBlockingLanesAreCarriedEachByTheThreadOfItsNumber() throws Exception {
        Lane slow = runtime.lane("slow");
        runtime.nonBlockingLane("a");
        runtime.nonBlockingLane("b");
        assertThat(carrying.numbers).containsExactly(0, 1);
        runtime.carry(MILLI);
        for (int i = 0; i < 1_000; i++) {
            CountDownLatch ran = new CountDownLatch(1);
            slow.execute(ran::countDown);
            assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(carrying.given).isEmpty();
    }

    @Test
    void aTaskThatMayWaitIsLeftToTheLanesOwnThread() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        runtime.carry(MILLI);
        Thread here = Thread.currentThread();
        AtomicInteger wrong = new AtomicInteger();
        CountDownLatch slow = new CountDownLatch(1);
        Runnable carried = untilCarried(lane, () -> {
            if (Thread.currentThread() == here && slow.getCount() == 1) {
                lane.executeBlocking(() -> {
                    if (Thread.currentThread() == here) {
                        wrong.incrementAndGet();
                    }
                    slow.countDown();
                });
            }
        });
        carried.run();
        assertThat(slow.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(wrong).hasValue(0);
    }

    @Test
    void aCarrierThatHasEndedIsDoneWithout() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        runtime.carry(MILLI);
        carrying.handOn = task -> {
            throw new RejectedExecutionException("ended");
        };
        for (int i = 0; i < 1_000; i++) {
            CountDownLatch ran = new CountDownLatch(1);
            lane.execute(ran::countDown);
            assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void oneAtATimeRunsALaneThatIsCarriedNowAndThen() throws Exception {
        ExecutorService carrier = Executors.newSingleThreadExecutor();
        carrying.handOn = carrier;
        Lane lane = runtime.nonBlockingLane("a");
        int threads = 3;
        int each = 30_000;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        int[] count = new int[1]; // plain: only the lane's order makes it right
        CountDownLatch done = new CountDownLatch(threads * each);
        for (int t = 0; t < threads; t++) {
            boolean isToggling = t == 0;
            new Thread(() -> {
                        for (int i = 0; i < each; i++) {
                            if (isToggling && i % 100 == 0) {
                                runtime.carry(i % 200 == 0 ? MILLI : 0);
                            }
                            if (isToggling && i == each / 2) {
                                carrier.shutdown();
                            }
                            runtime.runInline(() -> lane.execute(() -> {
                                if (inside.incrementAndGet() != 1 || !lane.isCurrent()) {
                                    overlaps.incrementAndGet();
                                }
                                count[0]++;
                                inside.decrementAndGet();
                                done.countDown();
                            }));
                            if (i % 50 == 0) {
                                Thread.yield();
                            }
                        }
                    })
                    .start();
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).as("all ran").isTrue();
        assertThat(overlaps).hasValue(0);
        assertThat(count).containsExactly(threads * each);
    }
}
