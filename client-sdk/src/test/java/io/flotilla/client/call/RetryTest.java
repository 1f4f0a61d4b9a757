package io.flotilla.client.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class RetryTest {
    @Test
    void delaysDoubleWithJitterUpToTheCap() {
        RetryPolicy policy = new RetryPolicy(8, 250);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 1_000; i++) {
            assertThat(policy.delay(1, random.nextLong())).isBetween(4L, 8L);
            assertThat(policy.delay(3, random.nextLong())).isBetween(16L, 32L);
            assertThat(policy.delay(1_000_000, random.nextLong())).isBetween(125L, 250L);
        }
    }

    @Test
    void theBudgetAllowsABurstThenASteadyRateThenAShareOfSuccess() {
        RetryBudget budget = new RetryBudget();
        int burst = 0;
        while (budget.take(0, 1)) {
            burst++;
        }
        assertThat(burst).isEqualTo(2_000);
        int steady = 0;
        for (long millis = 1; millis <= 1_000; millis++) {
            while (budget.take(millis * 1_000_000, 1)) {
                steady++;
            }
        }
        assertThat(steady).isBetween(990, 1_000);
        for (int i = 0; i < 500; i++) {
            budget.succeeded(0);
        }
        int earned = 0;
        while (budget.take(1_000_000_000, 1)) {
            earned++;
        }
        assertThat(earned).isBetween(99, 101);
    }

    @Test
    void aRetryThatSucceedsGivesBackWhatItTook() {
        RetryBudget budget = new RetryBudget();
        while (budget.take(0, 1)) {}
        budget.succeeded(17);
        assertThat(budget.take(0, 17)).isTrue();
        assertThat(budget.take(0, 1)).isFalse();
    }
}
