package io.flotilla.ops.node.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.proto.HoldReport;
import io.flotilla.ops.node.TestTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class HoldBeatTest {
    private final TestTime time = new TestTime();
    private List<HoldReport> held = List.of();
    private final List<Long> told = new ArrayList<>();
    private final HoldBeat beat =
            new HoldBeat(time.lane(new boolean[] {true}), () -> held, report -> told.add(report.getShard()));

    private static List<HoldReport> shards(long from, long to) {
        return LongStream.range(from, to)
                .mapToObj(shard -> HoldReport.newBuilder()
                        .setGroup(1)
                        .setShard(shard)
                        .setMove(4)
                        .build())
                .toList();
    }

    @Test
    void whatIsHeldIsToldAgainAndAgainUntilTheEnd() {
        beat.beat();
        time.runFor(1_000);
        assertThat(told).isEmpty();
        held = shards(1, 3);
        time.runFor(500);
        assertThat(told).containsExactly(1L, 2L, 1L, 2L);
        beat.stop();
        time.runFor(5_000);
        assertThat(told).hasSize(4);
        assertThat(time.waiting()).isZero();
    }

    @Test
    void ofManySomeAreToldAtATimeAndAllInTurn() {
        held = shards(0, 600);
        beat.beat();
        assertThat(told).hasSize(HoldBeat.MOST_A_BEAT);
        time.runFor(500);
        assertThat(told).hasSize(3 * HoldBeat.MOST_A_BEAT);
        assertThat(told.subList(0, 600)).doesNotHaveDuplicates().hasSize(600);
    }

    @Test
    void whatGoesMeanwhileIsPassedOver() {
        held = shards(0, 300);
        beat.beat();
        held = shards(270, 300);
        told.clear();
        time.runFor(250);
        assertThat(told).hasSize(30).doesNotHaveDuplicates();
    }
}
