package io.flotilla.ops.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.MoveCounts;
import org.junit.jupiter.api.Test;

class MovePausesTest {
    @Test
    void bucketsAddUp() {
        String text = MovePauses.text(MoveCounts.newBuilder()
                .addPauseMillis(5)
                .addPauseMillis(1_000)
                .addPauses(2)
                .addPauses(1)
                .addPauses(3)
                .setPauseMicros(1_250_000)
                .build());
        assertThat(text.lines().filter(line -> !line.startsWith("#")))
                .containsExactly(
                        "flotilla_moves_pause_seconds_bucket{le=\"0.005\"} 2",
                        "flotilla_moves_pause_seconds_bucket{le=\"1\"} 3",
                        "flotilla_moves_pause_seconds_bucket{le=\"+Inf\"} 6",
                        "flotilla_moves_pause_seconds_sum 1.250000",
                        "flotilla_moves_pause_seconds_count 6");
    }
}
