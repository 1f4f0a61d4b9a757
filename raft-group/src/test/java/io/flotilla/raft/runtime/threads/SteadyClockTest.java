package io.flotilla.raft.runtime.threads;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SteadyClockTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong system = new AtomicLong(Long.MAX_VALUE - SECOND); // and it wraps
    private final SteadyClock clock = new SteadyClock(system::get);

    @Test
    void aStepBackHoldsNothingUp() {
        long before = clock.getAsLong();
        system.addAndGet(SECOND);
        assertThat(clock.getAsLong() - before).isEqualTo(SECOND);
        for (int i = 0; i < 5; i++) {
            long told = clock.getAsLong();
            system.addAndGet(-90 * SECOND);
            assertThat(clock.getAsLong() - told).isBetween(0L, 1_000_000L);
            system.addAndGet(SECOND / 4);
            assertThat(clock.getAsLong() - told).isBetween(SECOND / 4, SECOND / 4 + 1_000_000L);
        }
    }

    @Test
    void aStepForwardIsPassedOn() {
        long before = clock.getAsLong();
        system.addAndGet(90 * SECOND);
        assertThat(clock.getAsLong() - before).isEqualTo(90 * SECOND);
    }

    @Test
    void noThreadSeesItGoBackWhileItStands() throws Exception {
        SteadyClock real = new SteadyClock(System::nanoTime);
        List<Thread> threads = new ArrayList<>();
        AtomicLong worst = new AtomicLong();
        for (int t = 0; t < 4; t++) {
            Thread thread = new Thread(() -> {
                long last = real.getAsLong();
                for (int i = 0; i < 1_000_000; i++) {
                    long now = real.getAsLong();
                    long back = last - now;
                    worst.accumulateAndGet(back, Math::max);
                    last = now;
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(worst).hasValueLessThanOrEqualTo(0);
        assertThat(real.getAsLong() - System.nanoTime()).isLessThanOrEqualTo(0);
    }
}
