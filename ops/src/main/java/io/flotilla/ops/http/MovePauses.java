package io.flotilla.ops.http;

import io.flotilla.client.proto.MoveCounts;
import java.math.BigDecimal;

/** How long shards were served by nobody while they changed hands, as a histogram in Prometheus's text format. */
final class MovePauses {
    private static final String NAME = "flotilla_moves_pause_seconds";

    private MovePauses() {}

    static String text(MoveCounts counts) {
        StringBuilder text = new StringBuilder()
                .append("# HELP ")
                .append(NAME)
                .append(" from the question for the freeze to the shard's being served by its new owner\n# TYPE ")
                .append(NAME)
                .append(" histogram\n");
        long sum = 0;
        for (int i = 0; i < counts.getPausesCount(); i++) {
            sum += counts.getPauses(i);
            String bound = i < counts.getPauseMillisCount()
                    ? BigDecimal.valueOf(counts.getPauseMillis(i), 3)
                            .stripTrailingZeros()
                            .toPlainString()
                    : "+Inf";
            text.append(NAME)
                    .append("_bucket{le=\"")
                    .append(bound)
                    .append("\"} ")
                    .append(sum)
                    .append('\n');
        }
        return text.append(NAME)
                .append("_sum ")
                .append(BigDecimal.valueOf(counts.getPauseMicros(), 6).toPlainString())
                .append('\n')
                .append(NAME)
                .append("_count ")
                .append(sum)
                .append('\n')
                .toString();
    }
}
