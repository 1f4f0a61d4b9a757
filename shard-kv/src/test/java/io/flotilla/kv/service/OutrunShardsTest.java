package io.flotilla.kv.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.runtime.Clock;
import org.junit.jupiter.api.Test;

class OutrunShardsTest {
    private static final long MILLI = 1_000_000L;
    private static final long SHARD = 7;

    private long now = 5;
    private final OutrunShards shards = new OutrunShards(new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            throw new AssertionError("the wall clock is of no use here");
        }
    });

    private int refusedOf80() {
        int refused = 0;
        for (int i = 0; i < 80; i++) {
            refused += shards.refusesNext(SHARD) ? 1 : 0;
        }
        return refused;
    }

    private void told(boolean isOutrun, int times) {
        for (int i = 0; i < times; i++) {
            now += 100 * MILLI;
            shards.told(SHARD, isOutrun);
        }
    }

    @Test
    void nothingIsRefusedUntilCopiesAreOutrun() {
        assertThat(refusedOf80()).isZero();
        told(false, 3);
        assertThat(refusedOf80()).isZero();
        told(true, 1);
        assertThat(refusedOf80()).isEqualTo(10);
        assertThat(shards.refusesNext(SHARD + 1)).isFalse();
    }

    @Test
    void theShareGrowsWhileCopiesAreOutrunAndFallsWhileTheyAreNot() {
        told(true, 3);
        assertThat(refusedOf80()).isEqualTo(30);
        told(true, 20);
        assertThat(refusedOf80()).as("some writes go on").isEqualTo(70);
        told(false, 6);
        assertThat(refusedOf80()).isEqualTo(10);
        told(false, 1);
        assertThat(refusedOf80()).isZero();
    }

    @Test
    void wordsOfTheSameTenthOfASecondCountOnce() {
        told(true, 1);
        for (int i = 0; i < 50; i++) {
            now += MILLI;
            shards.told(SHARD, true);
        }
        assertThat(refusedOf80()).isEqualTo(10);
    }

    @Test
    void withoutAWordNothingIsRefusedAfterASecond() {
        told(true, 8);
        now += 999 * MILLI;
        assertThat(refusedOf80()).isEqualTo(70);
        now += MILLI;
        assertThat(refusedOf80()).isZero();
        told(true, 1);
        assertThat(refusedOf80()).as("from the beginning").isEqualTo(10);
    }
}
