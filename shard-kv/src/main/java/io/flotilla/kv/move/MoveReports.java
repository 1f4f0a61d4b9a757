package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import java.util.Comparator;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the controller is told. What is so is said at each step for as long as the configuration does not show it; here it is kept
 * from being passed on each time, for a configuration takes a moment to come.
 */
final class MoveReports {
    private static final long AGAIN_NANOS = 2_000_000_000L;

    private final MoveCore core;
    private final SortedMap<MoveReport, Long> toldAt = new TreeMap<>(Comparator.comparingLong(MoveReport::getMoveId)
            .thenComparingLong(MoveReport::getShard)
            .thenComparingInt(MoveReport::getOutcomeValue)
            .thenComparingLong(MoveReport::getGroup));

    MoveReports(MoveCore core) {
        this.core = core;
    }

    void tell(MoveKey key, long group, MoveReport.Outcome outcome) {
        MoveReport report = MoveReport.newBuilder()
                .setShard(key.shard())
                .setMoveId(key.move())
                .setOutcome(outcome)
                .setGroup(group)
                .build();
        if (!toldAt.containsKey(report) && core.actions().report(report)) {
            toldAt.put(report, core.now());
        }
    }

    /** What was told a while ago may be told again. */
    void step() {
        toldAt.values().removeIf(at -> core.now() - at >= AGAIN_NANOS);
    }
}
