package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.netty.channel.SelectStrategy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When the rounds of a network thread begin. */
class PacedRoundsTest {
    private static final int BLOCKS = SelectStrategy.SELECT;

    private final List<Long> parked = new ArrayList<>();
    private long now = 1_000_000;
    private long apart = 1_000;
    private int ready;
    private final PacedRounds rounds = new PacedRounds(() -> apart, () -> now, wait -> {
        parked.add(wait);
        now += wait;
    });

    private int round(boolean hasTasks) throws Exception {
        return rounds.calculateStrategy(() -> ready, hasTasks);
    }

    @Test
    void withoutAnIntervalItWaitsForSocketsOrGoesOnWithTasks() throws Exception {
        apart = 0;
        assertThat(round(false)).isEqualTo(BLOCKS);
        ready = 3;
        assertThat(round(true)).isEqualTo(3);
        assertThat(parked).isEmpty();
    }

    @Test
    void aRoundBeginsAnIntervalAfterTheLast() throws Exception {
        ready = 1;
        assertThat(round(false)).isEqualTo(1);
        now += 300;
        assertThat(round(false)).isEqualTo(1);
        now += 5_000;
        assertThat(round(false)).isEqualTo(1);
        assertThat(parked).containsExactly(700L);
    }

    @Test
    void whatARoundItselfLedToDoesNotWait() throws Exception {
        ready = 1;
        round(false);
        now += 300;
        ready = 0;
        assertThat(round(true)).isZero();
        assertThat(parked).isEmpty();
        assertThat(round(true)).as("what came in the meantime does").isZero();
        assertThat(parked).containsExactly(700L);
    }

    @Test
    void withNothingToDoAfterTheWaitItWaitsForItsSockets() throws Exception {
        round(false);
        now += 300;
        assertThat(round(false)).isEqualTo(BLOCKS);
        assertThat(parked).containsExactly(700L);
        assertThat(round(true)).as("tasks are no reason to block").isZero();
    }
}
