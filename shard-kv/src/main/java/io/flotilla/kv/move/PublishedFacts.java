package io.flotilla.kv.move;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.PublishedHold;
import io.flotilla.kv.machine.PublishedMove;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a replica's machine publishes, as a driver looks at it. */
public final class PublishedFacts {
    private PublishedFacts() {}

    /** Whether a shard of it moves or is frozen, or it holds a copy. */
    public static boolean isConcerned(PublishedGroup group) {
        return !group.moves().isEmpty() || !group.holds().isEmpty();
    }

    /** The shards that move or are frozen, and those of which there is a hold. */
    public static SortedMap<Long, ShardFacts> moving(PublishedGroup group) {
        SortedMap<Long, ShardFacts> moving = new TreeMap<>();
        group.moves().keySet().forEach(shard -> moving.put(shard, of(group, shard)));
        group.holds().forEach(hold -> moving.computeIfAbsent(hold.shard(), shard -> of(group, shard)));
        return moving;
    }

    public static ShardFacts of(PublishedGroup group, long shard) {
        SortedMap<Long, ShardFacts.HoldFacts> holds = new TreeMap<>();
        for (PublishedHold hold : group.holds()) {
            if (hold.shard() == shard) {
                long durable = hold.durableChangeNumber();
                holds.put(hold.move(), new ShardFacts.HoldFacts(durable >= 0, Math.max(0, durable)));
            }
        }
        PublishedMove move = group.moves().get(shard);
        Shard known = known(group, shard);
        boolean serves = group.gauge(shard) != null && (move == null || !move.isFrozen());
        ShardFacts.Stage stage = move != null && move.isFrozen()
                ? ShardFacts.Stage.FROZEN
                : move != null
                        ? ShardFacts.Stage.MOVING
                        : serves
                                ? ShardFacts.Stage.SERVING
                                : known != null ? ShardFacts.Stage.GONE : ShardFacts.Stage.ABSENT;
        return new ShardFacts(
                stage,
                known == null ? 0 : known.getEpoch(),
                move == null ? 0 : move.move(),
                move == null ? 0 : move.target(),
                group.fence(shard),
                holds);
    }

    private static Shard known(PublishedGroup group, long id) {
        for (Shard shard : group.shards()) {
            if (shard.getId() == id) {
                return shard;
            }
        }
        return null;
    }
}
