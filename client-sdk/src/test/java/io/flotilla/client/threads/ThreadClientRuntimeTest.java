package io.flotilla.client.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ThreadClientRuntimeTest {
    @Test
    void noTaskOfAnyThreadGetsLostAndEachThreadsOrderHolds() throws InterruptedException {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        int[] last = new int[4];
        AtomicInteger disorder = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(4 * 20_000);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            int me = t;
            Thread thread = new Thread(() -> {
                for (int i = 1; i <= 20_000; i++) {
                    int number = i;
                    runtime.execute(() -> {
                        if (last[me] + 1 != number) {
                            disorder.incrementAndGet();
                        }
                        last[me] = number;
                        all.countDown();
                    });
                    if (i % 500 == 0) {
                        Thread.yield();
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(disorder).hasValue(0);
        runtime.close();
    }

    @Test
    void timersFireInOrderNotEarlyAndNotWhenCancelled() throws InterruptedException {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch done = new CountDownLatch(1);
        long start = runtime.nanos();
        long[] firedAt = new long[1];
        runtime.after(30_000_000, () -> {
            firedAt[0] = runtime.nanos();
            order.add(30);
            done.countDown();
        });
        runtime.after(10_000_000, () -> order.add(10));
        runtime.after(20_000_000, () -> order.add(20)).run();
        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly(10, 30);
        assertThat(firedAt[0] - start).isGreaterThanOrEqualTo(30_000_000);
        runtime.close();
    }

    @Test
    void aThreadOfTheNetworkRunsTheLoopWhileItSleepsOneAtATime() throws InterruptedException {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        int[] count = new int[1]; // plain: only the loop's order makes it right
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        AtomicInteger here = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(4 * 20_000);
        CountDownLatch timers = new CountDownLatch(4 * 20);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 20_000; i++) {
                    int number = i;
                    Thread me = Thread.currentThread();
                    runtime.executeHere(() -> {
                        if (inside.incrementAndGet() != 1) {
                            overlaps.incrementAndGet();
                        }
                        if (Thread.currentThread() == me) {
                            here.incrementAndGet();
                        }
                        count[0]++;
                        if (number % 1_000 == 0) {
                            runtime.after(1_000, timers::countDown);
                        }
                        inside.decrementAndGet();
                        all.countDown();
                    });
                    if (i % 50 == 0) {
                        Thread.yield();
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(timers.await(30, TimeUnit.SECONDS))
                .as("timers set by other threads fire")
                .isTrue();
        assertThat(overlaps).hasValue(0);
        assertThat(count[0]).isEqualTo(4 * 20_000);
        assertThat(here.get()).isPositive();
        runtime.close();
        assertThatThrownBy(() -> runtime.executeHere(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void aTaskThatThrowsDoesNotEndTheLoopAndCloseRunsWhatIsQueued() {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        AtomicInteger ran = new AtomicInteger();
        runtime.execute(() -> {
            throw new IllegalStateException("on purpose");
        });
        for (int i = 0; i < 5_000; i++) {
            runtime.execute(ran::incrementAndGet);
        }
        runtime.close();
        assertThat(ran).hasValue(5_000);
        assertThatThrownBy(() -> runtime.execute(ran::incrementAndGet)).isInstanceOf(RejectedExecutionException.class);
        runtime.close();
    }

    @Test
    void callbacksRunInOrderOutsideOfTheLoopAndAreNotLostWhenItCloses() throws InterruptedException {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<String> threads = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            runtime.execute(() -> runtime.callBack(() -> {
                order.add(number);
                threads.add(Thread.currentThread().getName());
            }));
        }
        runtime.close();
        assertThat(order).hasSize(1_000).isSorted();
        assertThat(threads).containsOnly("test-callbacks-1");
        runtime.callBack(() -> order.add(1_000));
        assertThat(order).hasSize(1_001);
    }

    @Test
    void whatACallbackGivesTheLoopIsDoneAlsoIfTheCallbackThenBlocks() throws InterruptedException {
        ThreadClientRuntime runtime = new ThreadClientRuntime("test");
        CountDownLatch done = new CountDownLatch(2);
        CountDownLatch released = new CountDownLatch(1);
        runtime.execute(() -> runtime.callBack(() -> {
            runtime.execute(() -> runtime.callBack(done::countDown));
            runtime.execute(done::countDown);
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
        released.countDown();
        runtime.close();
    }
}
