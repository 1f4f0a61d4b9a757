package io.flotilla.raft.runtime.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ThreadRuntimeTest {
    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private final ThreadRuntime runtime = new ThreadRuntime("test", (lane, cause) -> failures.add(cause));

    @AfterEach
    void close() {
        runtime.close();
    }

    @Test
    void tasksOfManyThreadsAllRunAndEachThreadsInOrder() throws Exception {
        Lane lane = runtime.lane("a");
        int threads = 4;
        int each = 20_000;
        int[] last = new int[threads];
        AtomicInteger disorder = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(threads * each);
        List<Thread> producers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int mine = t;
            Thread producer = new Thread(() -> {
                for (int i = 1; i <= each; i++) {
                    int number = i;
                    lane.execute(() -> {
                        if (last[mine] != number - 1 || !lane.isCurrent()) {
                            disorder.incrementAndGet();
                        }
                        last[mine] = number;
                        done.countDown();
                    });
                }
            });
            producers.add(producer);
            producer.start();
        }
        assertThat(done.await(30, TimeUnit.SECONDS))
                .as("every task woke the lane")
                .isTrue();
        assertThat(disorder).hasValue(0);
        for (Thread producer : producers) {
            producer.join();
        }
    }

    @Test
    void aWakeUpIsNeverLost() throws Exception {
        Lane ping = runtime.lane("ping");
        Lane pong = runtime.lane("pong");
        CountDownLatch rounds = new CountDownLatch(20_000);
        Runnable[] hit = new Runnable[1];
        hit[0] = () -> {
            rounds.countDown();
            if (rounds.getCount() > 0) {
                (ping.isCurrent() ? pong : ping).execute(hit[0]);
            }
        };
        ping.execute(hit[0]);
        assertThat(rounds.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void delayedTasksRunInTheOrderOfTheirTimesAndNotEarly() throws Exception {
        Lane lane = runtime.lane("a");
        List<String> order = new ArrayList<>();
        CompletableFuture<Long> last = new CompletableFuture<>();
        long start = runtime.clock().nanos();
        lane.after(500_000_000, () -> {
            order.add("late");
            last.complete(runtime.clock().nanos());
        });
        lane.after(20_000_000, () -> order.add("early"));
        lane.execute(() -> order.add("now"));
        assertThat(last.get(10, TimeUnit.SECONDS) - start).isGreaterThanOrEqualTo(500_000_000);
        assertThat(order).containsExactly("now", "early", "late");
    }

    @Test
    void aCancelledTaskDoesNotRun() throws Exception {
        Lane lane = runtime.lane("a");
        List<String> ran = new ArrayList<>();
        Cancellable cancelled = lane.after(10_000_000, () -> ran.add("cancelled"));
        cancelled.cancel();
        cancelled.cancel();
        CountDownLatch later = new CountDownLatch(1);
        lane.after(30_000_000, later::countDown);
        assertThat(later.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(ran).isEmpty();
    }

    @Test
    void aCancelledTaskKeepsNothingAlive() throws Exception {
        Lane lane = runtime.lane("a");
        byte[][] large = {new byte[1 << 20]};
        WeakReference<byte[]> kept = new WeakReference<>(large[0]);
        Cancellable cancelled = afterAnHour(lane, large[0]);
        large[0] = null;
        CountDownLatch scheduled = new CountDownLatch(1);
        lane.execute(scheduled::countDown);
        assertThat(scheduled.await(10, TimeUnit.SECONDS)).isTrue();
        cancelled.cancel();
        for (int i = 0; i < 100 && kept.get() != null; i++) {
            System.gc();
        }
        assertThat(kept.get()).isNull();
    }

    private static Cancellable afterAnHour(Lane lane, byte[] used) {
        return lane.after(TimeUnit.HOURS.toNanos(1), () -> used[0]++);
    }

    @Test
    void aTaskThatThrowsIsReportedAndTheLaneGoesOn() throws Exception {
        Lane lane = runtime.lane("a");
        CountDownLatch next = new CountDownLatch(1);
        lane.execute(() -> {
            throw new AssertionError("defect");
        });
        lane.execute(next::countDown);
        assertThat(next.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(failures.poll(10, TimeUnit.SECONDS)).hasMessage("defect");
    }

    @Test
    void closeLetsTheRunningTaskFinishAndDropsTheRest() throws Exception {
        Lane lane = runtime.lane("a");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<String> ran = new ArrayList<>();
        lane.execute(() -> {
            running.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                ran.add("interrupted");
            }
            ran.add("first");
        });
        lane.execute(() -> ran.add("second"));
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
        Thread closer = new Thread(runtime::close);
        closer.start();
        while (!runtime.isClosed()) {
            Thread.onSpinWait();
        }
        goOn.countDown();
        closer.join(10_000);
        assertThat(closer.isAlive()).isFalse();
        lane.execute(() -> ran.add("third"));
        assertThat(ran).containsExactly("first");
    }

    /** Tries inline until the lane slept just when it got its task, so that this thread ran it. */
    private void runHere(Lane lane, Runnable task) {
        Thread here = Thread.currentThread();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        AtomicInteger ran = new AtomicInteger();
        while (ran.get() == 0) {
            assertThat(System.nanoTime()).as("never ran inline").isLessThan(deadline);
            runtime.runInline(() -> lane.execute(() -> {
                if (Thread.currentThread() == here && ran.get() == 0) {
                    ran.incrementAndGet();
                    task.run();
                }
            }));
            Thread.yield();
        }
    }

    @Test
    void aThreadThatIsAwakeRunsANonBlockingLaneThatSleeps() {
        Lane lane = runtime.nonBlockingLane("a");
        Lane other = runtime.nonBlockingLane("b");
        List<String> ran = new ArrayList<>();
        runHere(lane, () -> {
            ran.add(lane.isCurrent() + " " + other.isCurrent());
        });
        assertThat(ran).containsExactly("true false");
        assertThat(lane.isCurrent()).as("given back").isFalse();
    }

    @Test
    void nobodyElseRunsALaneThatMayBlockOrAnyIfInlineRunsAreOff() throws Exception {
        Lane blocking = runtime.lane("blocking");
        Lane nonBlocking = runtime.nonBlockingLane("nonBlocking");
        runtime.setInlineRuns(false);
        assertThat(runtime.carry(1_000_000)).as("there is nobody to carry it").isFalse();
        Thread here = Thread.currentThread();
        AtomicInteger wrong = new AtomicInteger();
        for (int i = 0; i < 2_000; i++) {
            CountDownLatch ran = new CountDownLatch(2);
            runtime.runInline(() -> {
                for (Lane lane : List.of(blocking, nonBlocking)) {
                    lane.execute(() -> {
                        if (Thread.currentThread() == here) {
                            wrong.incrementAndGet();
                        }
                        ran.countDown();
                    });
                }
            });
            assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(wrong).hasValue(0);
    }

    @Test
    void whatMayBlockIsLeftToTheLanesOwnThreadAndKeepsItsPlace() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        Thread here = Thread.currentThread();
        for (int i = 0; i < 2_000; i++) {
            List<String> ran = new ArrayList<>(); // plain: only the lane's order makes it right
            CountDownLatch done = new CountDownLatch(1);
            boolean lastMayBlock = i % 2 == 0;
            Runnable last = () -> {
                ran.add("third");
                done.countDown();
            };
            runtime.runInline(() -> {
                lane.execute(() -> ran.add("first"));
                lane.executeBlocking(() -> ran.add(Thread.currentThread() == here ? "here" : "second"));
                if (lastMayBlock) {
                    lane.executeBlocking(last);
                } else {
                    lane.execute(last);
                }
            });
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(ran).containsExactly("first", "second", "third");
        }
    }

    @Test
    void oneAtATimeRunsANonBlockingLaneAndNothingGetsLost() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        Lane next = runtime.nonBlockingLane("b");
        int threads = 4;
        int each = 20_000;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        int[] counts = new int[2]; // plain: only the lanes' order makes them right
        CountDownLatch done = new CountDownLatch(2 * threads * each);
        List<Thread> producers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            Thread producer = new Thread(() -> {
                for (int i = 0; i < each; i++) {
                    int number = i;
                    runtime.runInline(() -> lane.execute(() -> {
                        if (inside.incrementAndGet() != 1 || !lane.isCurrent()) {
                            overlaps.incrementAndGet();
                        }
                        counts[0]++;
                        if (number % 64 == 0) {
                            lane.after(1_000, () -> next.execute(() -> counted(counts, done)));
                        } else {
                            next.execute(() -> counted(counts, done));
                        }
                        inside.decrementAndGet();
                        done.countDown();
                    }));
                    if (number % 50 == 0) {
                        Thread.yield();
                    }
                }
            });
            producers.add(producer);
            producer.start();
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).as("all ran").isTrue();
        assertThat(overlaps).hasValue(0);
        assertThat(counts).containsExactly(threads * each, threads * each);
        for (Thread producer : producers) {
            producer.join();
        }
    }

    private static void counted(int[] counts, CountDownLatch done) {
        counts[1]++;
        done.countDown();
    }

    @Test
    void aTimerSetByAnInlineRunWakesTheLanesOwnThread() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        CountDownLatch fired = new CountDownLatch(1);
        runHere(lane, () -> lane.after(1_000_000, fired::countDown));
        assertThat(fired.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aTimerThatAnInlineRunSetsForTheLaneIsNotSleptOver() throws Exception {
        Lane lane = runtime.lane("a");
        Lane nonBlocking = runtime.nonBlockingLane("b");
        for (int i = 0; i < 20; i++) {
            CountDownLatch fired = new CountDownLatch(1);
            lane.after(
                    1_000_000,
                    () -> runtime.runInline(() -> nonBlocking.execute(() -> lane.after(1_000_000, fired::countDown))));
            assertThat(fired.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aTaskThatThrowsInAnInlineRunIsReportedAndTheLaneGoesOn() throws Exception {
        Lane lane = runtime.nonBlockingLane("a");
        runHere(lane, () -> {
            throw new AssertionError("defect");
        });
        assertThat(failures.poll(10, TimeUnit.SECONDS)).hasMessage("defect");
        CountDownLatch next = new CountDownLatch(1);
        lane.execute(next::countDown);
        assertThat(next.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closingFromAnInlineRunDoesNotWaitForItself() {
        Lane lane = runtime.nonBlockingLane("a");
        runHere(lane, runtime::close);
        assertThat(runtime.isClosed()).isTrue();
    }

    @Test
    void aNameIsGivenOnce() {
        runtime.lane("a");
        assertThatThrownBy(() -> runtime.lane("a")).hasMessageContaining("has a lane a already");
    }

    /** Who is told of a failure fails itself, as everybody does when memory is out: then the lane counts as lost, on its own thread and inline. */
    @Test
    void whatCantBeToldIsToldAsAnEnd() throws Exception {
        BlockingQueue<String> ended = new LinkedBlockingQueue<>();
        ThreadRuntime other = new ThreadRuntime("other", new LaneFailureHandler() {
            @Override
            public void failed(Lane lane, Throwable cause) {
                throw new OutOfMemoryError("no room to say it");
            }

            @Override
            public void ended(Lane lane, Throwable cause) {
                ended.add(lane.name() + ": " + cause.getMessage());
            }
        });
        try {
            Lane own = other.lane("own");
            own.execute(() -> {
                throw new IllegalStateException("defect");
            });
            assertThat(ended.poll(20, TimeUnit.SECONDS)).isEqualTo("own: no room to say it");
            Lane inline = other.nonBlockingLane("inline");
            other.runInline(() -> inline.execute(() -> {
                throw new IllegalStateException("defect");
            }));
            assertThat(ended.poll(20, TimeUnit.SECONDS)).isEqualTo("inline: no room to say it");
            CompletableFuture<Void> goesOn = new CompletableFuture<>();
            inline.execute(() -> goesOn.complete(null));
            goesOn.get(20, TimeUnit.SECONDS);
            assertThat(other.endedLane()).isNull();
        } finally {
            other.close();
        }
        assertThat(ended).isEmpty();
    }

    /** Whatever ended it: here nobody could be told of a task that threw. */
    @Test
    void aLaneWhoseThreadHasEndedIsSeen() throws Exception {
        BlockingQueue<String> ended = new LinkedBlockingQueue<>();
        ThreadRuntime other = new ThreadRuntime("other", new LaneFailureHandler() {
            @Override
            public void failed(Lane lane, Throwable cause) {
                throw new OutOfMemoryError("no room to say it");
            }

            @Override
            public void ended(Lane lane, Throwable cause) {
                ended.add(lane.name());
                throw new OutOfMemoryError("not even that");
            }
        });
        try {
            other.lane("whole");
            other.lane("lost").execute(() -> {
                throw new IllegalStateException("defect");
            });
            assertThat(ended.poll(20, TimeUnit.SECONDS)).isEqualTo("lost");
            long end = System.nanoTime() + 20_000_000_000L;
            while (other.endedLane() == null) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.onSpinWait();
            }
            assertThat(other.endedLane()).isEqualTo("lost");
        } finally {
            other.close();
        }
        assertThat(other.endedLane()).isNull();
    }
}
