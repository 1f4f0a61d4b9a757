package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveStatus;
import java.util.SortedMap;
import java.util.TreeMap;

/** Says of each move that concerns a replica here how far it is, as far as this node knows, and since when. */
final class MoveStatuses {
    private record Since(MoveStatus.Phase phase, long nanos) {}

    private final SortedMap<MoveKey, Since> since = new TreeMap<>();

    /**
     * What is known of one move where it is asked.
     *
     * @param intent null if the configuration does not show it as open
     * @param source facts of the replica here of the owner; null if there is none
     * @param target of the target
     * @param driven if this node drives it; else null
     */
    record Sight(
            MoveKey key,
            MoveIntent intent,
            long from,
            long into,
            ReplicaFacts source,
            ReplicaFacts target,
            TargetMove driven,
            String drop) {
        MoveStatus.Phase phase() {
            ShardFacts given = source == null ? null : source.shard(key.shard());
            ShardFacts taken = target == null ? null : target.shard(key.shard());
            if (intent == null || taken != null && taken.serves() && taken.fence() >= key.move()) {
                return MoveStatus.Phase.ADOPTED;
            }
            if (given != null && given.isFrozenBy(key)) {
                return MoveStatus.Phase.FROZEN;
            }
            if (driven != null && driven.phase() != MoveStatus.Phase.UNKNOWN) {
                return driven.phase();
            }
            boolean copies = given != null && given.isMovingBy(key)
                    || taken != null && taken.holds().containsKey(key.move());
            return copies ? MoveStatus.Phase.COPYING : MoveStatus.Phase.INTENDED;
        }

        private String waitsFor() {
            if (intent == null) {
                return source.leads() ? drop : "the leader of group " + from + ", to drop the shard";
            }
            if (phase() == MoveStatus.Phase.ADOPTED) {
                return "the controller, to write down that group " + into + " owns the shard";
            }
            if (intent.cancelled() && phase() != MoveStatus.Phase.FROZEN) {
                return "the leader of group " + from + ", to write the cancellation into its log";
            }
            return "the leader of group " + into + ", which drives the move";
        }

        MoveStatus.Builder status() {
            boolean drives = driven != null && target.leads() && phase() != MoveStatus.Phase.ADOPTED;
            MoveStatus.Builder status =
                    drives ? driven.status(target) : MoveStatus.newBuilder().setWaitsFor(waitsFor());
            if (drives && !target.caughtUp()) {
                status.setWaitsFor("the first entry of this leader's term, to be applied");
            }
            return status.setShard(key.shard())
                    .setMoveId(key.move())
                    .setFrom(from)
                    .setTo(into)
                    .setPhase(phase());
        }
    }

    void see(SortedMap<MoveKey, Sight> sights, long now) {
        since.keySet().retainAll(sights.keySet());
        sights.forEach((key, sight) -> {
            Since before = since.get(key);
            if (before == null || before.phase() != sight.phase()) {
                since.put(key, new Since(sight.phase(), now));
            }
        });
    }

    MoveStatus status(Sight sight, long now, long wallMillis) {
        Since began = since.get(sight.key());
        long nanos = began == null || began.phase() != sight.phase() ? 0 : now - began.nanos();
        return sight.status().setSinceMillis(wallMillis - nanos / 1_000_000L).build();
    }
}
