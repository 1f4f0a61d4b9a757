package io.flotilla.client.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TimerWheelTest {
    private static final long TICK = 1L << 22;

    private final List<Long> fired = new ArrayList<>();
    private final long[] alarm = {Long.MAX_VALUE};
    private final TimerWheel wheel = new TimerWheel(at -> alarm[0] = at);

    private final class Timer extends Timed {
        final long at;
        long firedAt = -1;

        Timer(long at) {
            this.at = at;
        }

        @Override
        void wake(long now) {
            firedAt = now;
            fired.add(at);
        }
    }

    @Test
    void everyTimerFiresInTimeWhenTheAlarmIsFollowed() {
        SplittableRandom random = new SplittableRandom(7);
        List<Timer> timers = new ArrayList<>();
        long now = 0;
        for (int round = 0; round < 2_000; round++) {
            for (int i = random.nextInt(3); i > 0; i--) {
                // up to three rounds of the wheel ahead
                Timer timer = new Timer(now + random.nextLong(3 * 1024 * TICK));
                timers.add(timer);
                wheel.schedule(timer, timer.at);
            }
            if (!timers.isEmpty() && random.nextInt(4) == 0) {
                Timer victim = timers.get(random.nextInt(timers.size()));
                if (victim.firedAt < 0) {
                    wheel.cancel(victim);
                    timers.remove(victim);
                }
            }
            now = Math.max(now, Math.min(alarm[0], now + random.nextLong(20 * TICK)));
            if (now >= alarm[0]) {
                alarm[0] = Long.MAX_VALUE;
                wheel.advance(now);
            }
        }
        while (!wheel.all().isEmpty()) {
            now = alarm[0];
            wheel.advance(now);
        }
        assertThat(timers)
                .hasSizeGreaterThan(1_000)
                .allSatisfy(timer -> assertThat(timer.firedAt - timer.at).isBetween(0L, 2 * TICK));
    }

    @Test
    void timersOfOneTickFireInTheOrderOfScheduling() {
        for (long at : new long[] {5, 3, 4}) {
            wheel.schedule(new Timer(at), at);
        }
        wheel.advance(TICK);
        assertThat(fired).containsExactly(5L, 3L, 4L);
    }

    @Test
    void aTimerThatIsScheduledAgainMoves() {
        Timer timer = new Timer(1);
        wheel.schedule(timer, TICK);
        wheel.schedule(timer, 10 * TICK);
        wheel.advance(5 * TICK);
        assertThat(fired).isEmpty();
        wheel.advance(10 * TICK);
        assertThat(fired).hasSize(1);
        assertThat(wheel.all()).isEmpty();
    }

    @Test
    void aTimerThatThrowsDoesNotKeepOthersFromFiring() {
        for (int i = 0; i < 3; i++) {
            int number = i;
            wheel.schedule(
                    new Timed() {
                        @Override
                        void wake(long now) {
                            throw new IllegalStateException("timer " + number);
                        }
                    },
                    TICK);
            wheel.schedule(new Timer(i), i < 2 ? TICK : 2 * TICK);
        }
        Timer later = new Timer(9);
        wheel.schedule(later, 9 * TICK);

        assertThatThrownBy(() -> wheel.advance(2 * TICK))
                .hasMessage("timer 0")
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(2));
        assertThat(fired).containsExactly(0L, 1L, 2L);
        assertThat(wheel.all()).containsExactly(later);
        assertThat(alarm[0]).isLessThanOrEqualTo(9 * TICK);
        wheel.advance(9 * TICK);
        assertThat(fired).containsExactly(0L, 1L, 2L, 9L);
    }
}
