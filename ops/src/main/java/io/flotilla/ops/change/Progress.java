package io.flotilla.ops.change;

import io.flotilla.ops.cli.SizeText;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import io.flotilla.ops.status.MoveLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * How far a change is.
 *
 * @param missing one line of the goal
 */
public record Progress(Observation seen, String missing) {
    /**
     * One line: what is missing; bytes and rate of the moves among the shards; and of the move that is furthest with its copy what
     * lags and the pause that its clients will see.
     */
    public String line(Set<Long> shards) {
        StringBuilder text = new StringBuilder(missing);
        if (!seen.byController()) {
            text.append(" (the controller does not answer; the work goes on)");
        }
        List<ShardLine> moving = new ArrayList<>();
        if (seen.configuration() != null) {
            for (ShardLine shard :
                    FleetStatus.merge(seen.configuration(), seen.reports()).shards()) {
                if (shard.move() != null && shards.contains(shard.id())) {
                    moving.add(shard);
                }
            }
        }
        long bytes = moving.stream().mapToLong(shard -> shard.move().bytes()).sum();
        long of = moving.stream().mapToLong(shard -> shard.move().of()).sum();
        long rate = moving.stream().mapToLong(shard -> shard.move().rate()).sum();
        if (of > 0) {
            text.append(": ").append(SizeText.print(bytes)).append(" of ").append(SizeText.print(of));
            text.append(", ").append(SizeText.print(rate)).append("/s");
        }
        moving.stream()
                .filter(shard -> !shard.move().phase().equals("unknown"))
                .max(Comparator.comparingDouble(shard -> share(shard.move())))
                .ifPresent(shard ->
                        text.append("; shard ").append(shard.id()).append(' ').append(state(shard.move())));
        return text.toString();
    }

    private static double share(MoveLine move) {
        return move.of() == 0 ? 0 : (double) move.bytes() / move.of();
    }

    private static String state(MoveLine move) {
        String text = move.phase();
        if (!move.lags().isEmpty()) {
            text += ", " + move.lags() + " lags";
        }
        if (move.pauseMillis() > 0) {
            text += ", expected pause " + move.pauseMillis() + " ms";
        }
        return text;
    }
}
