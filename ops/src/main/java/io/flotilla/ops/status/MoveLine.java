package io.flotilla.ops.status;

import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.cli.SizeText;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An open move of a shard, as the leader of the target tells it; while none does, as whoever is furthest with it. Immutable.
 *
 * @param id the number of the configuration that set the target
 * @param cancelled it shall end without a change of the owner
 * @param phase {@code intended}, {@code copying}, {@code frozen}, {@code adopted}; {@code unknown} if nobody tells
 * @param bytes copied, of the replica that lags most
 * @param of bytes to copy
 * @param rate bytes a second
 * @param lags the node of that replica; empty if none lags
 * @param pauseMillis for how long the shard would answer nobody if it were frozen now; 0 if that is not known
 * @param waitsFor in plain words; empty if for nothing, or if nobody tells
 * @param since when the phase began, in milliseconds since 1970; 0 if nobody tells
 */
public record MoveLine(
        long id,
        boolean cancelled,
        String phase,
        long bytes,
        long of,
        long rate,
        String lags,
        long pauseMillis,
        String waitsFor,
        long since) {
    /** Orders by how much a report of a move says about it. */
    private static int weight(MoveStatus status) {
        return (status.getDrives() ? 100 : 0) + status.getPhaseValue();
    }

    /** All that nodes tell of moves. */
    static Map<Long, List<MoveStatus>> byShard(Collection<NodeStatus> reports) {
        Map<Long, List<MoveStatus>> byShard = new TreeMap<>();
        for (NodeStatus report : reports) {
            for (MoveStatus move : report.getMovesList()) {
                byShard.computeIfAbsent(move.getShard(), shard -> new ArrayList<>())
                        .add(move);
            }
        }
        return byShard;
    }

    /** The shard's open move, or null. @param told of all shards */
    static MoveLine of(Shard shard, Map<Long, List<MoveStatus>> told) {
        if (shard.getTarget() == 0) {
            return null;
        }
        MoveStatus best = MoveStatus.getDefaultInstance();
        boolean frozen = false;
        boolean adopted = false;
        for (MoveStatus status : told.getOrDefault(shard.getId(), List.of())) {
            if (status.getMoveId() == shard.getMoveId()) {
                frozen |= status.getPhase() == MoveStatus.Phase.FROZEN;
                adopted |= status.getPhase() == MoveStatus.Phase.ADOPTED;
                best = weight(status) > weight(best) ? status : best;
            }
        }
        // the owner knows first that it is frozen, the target that it has adopted
        MoveStatus.Phase phase =
                adopted ? MoveStatus.Phase.ADOPTED : frozen ? MoveStatus.Phase.FROZEN : best.getPhase();
        return new MoveLine(
                shard.getMoveId(),
                shard.getCancelled(),
                phase == MoveStatus.Phase.UNRECOGNIZED
                        ? "unknown"
                        : phase.name().toLowerCase(Locale.ROOT),
                best.getCopiedBytes(),
                best.getTotalBytes(),
                best.getBytesPerSecond(),
                best.getLags(),
                best.getExpectedPauseMillis(),
                best.getWaitsFor(),
                best.getSinceMillis());
    }

    /** Nobody serves the shard at the moment, as far as is known. */
    public boolean isFrozen() {
        return phase.equals("frozen");
    }

    /** Such as {@code move 17, copying 12 MiB of 256 MiB, 95 MiB/s}. */
    public String describe() {
        StringBuilder text = new StringBuilder("move " + id);
        if (!phase.equals("unknown")) {
            text.append(", ").append(phase);
        }
        if (phase.equals("copying") && of > 0) {
            text.append(' ').append(SizeText.print(bytes)).append(" of ").append(SizeText.print(of));
            if (rate > 0) {
                text.append(", ").append(SizeText.print(rate)).append("/s");
            }
        }
        return text.append(cancelled ? ", cancelled" : "").toString();
    }
}
