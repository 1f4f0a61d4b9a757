package io.flotilla.ops.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StallMeterTest {
    @Test
    void countsOnlyTimeInWhichARowWaits() {
        StallMeter meter = new StallMeter();
        meter.busy(100);
        meter.acknowledged(130);
        meter.acknowledged(150);
        // Nothing in flight until 900: the input was slow.
        meter.busy(900);
        meter.acknowledged(940);

        assertThat(meter.longestNanos()).isEqualTo(40);
        meter.gaveUp(1_000);
        assertThat(meter.longestNanos()).isEqualTo(60);
    }
}
