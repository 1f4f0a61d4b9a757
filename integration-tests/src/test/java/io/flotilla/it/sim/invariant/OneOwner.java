package io.flotilla.it.sim.invariant;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.raft.sim.invariant.Violation;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * At any time at most one group serves a shard; no group ever serves it in an epoch that another one has served, or below one that
 * was served; the move up to which a group is through with a shard never falls. A group is where the furthest of its replicas is:
 * what that has applied is committed.
 */
public final class OneOwner {
    private static final class Seen {
        private long index;
        /** Epochs of the shards that it serves. */
        private SortedMap<Long, Long> serves = new TreeMap<>();

        private final SortedMap<Long, Long> fences = new TreeMap<>();
    }

    private record Turn(long epoch, long group) {}

    private final SortedMap<Long, Seen> groups = new TreeMap<>();
    /** Who served a shard last, by shard. */
    private final SortedMap<Long, Turn> turns = new TreeMap<>();

    private long handovers;

    /** A replica has come to this index. @param state as of then */
    public void sees(long group, long index, PublishedGroup state) {
        Seen seen = groups.computeIfAbsent(group, none -> new Seen());
        if (index <= seen.index) {
            return;
        }
        seen.index = index;
        seen.serves = new TreeMap<>();
        for (Shard shard : state.shards()) {
            if (state.gauge(shard.getId()) != null) {
                seen.serves.put(shard.getId(), shard.getEpoch());
            }
            checkFence(group, index, seen, shard.getId(), state.fence(shard.getId()));
        }
        for (Map.Entry<Long, Long> served : seen.serves.entrySet()) {
            check(group, index, served.getKey(), served.getValue());
        }
    }

    private static void checkFence(long group, long index, Seen seen, long shard, long fence) {
        Long before = seen.fences.put(shard, fence);
        if (before != null && fence < before) {
            throw new Violation(
                    "OneOwner",
                    "group %d was through with move %d of shard %d, at index %d it is with %d",
                    group,
                    before,
                    shard,
                    index,
                    fence);
        }
    }

    private void check(long group, long index, long shard, long epoch) {
        groups.forEach((other, seen) -> {
            if (other != group && seen.serves.containsKey(shard)) {
                throw new Violation(
                        "OneOwner",
                        "shard %d is served by group %d in epoch %d at index %d and by group %d in epoch %d at index %d",
                        shard,
                        group,
                        epoch,
                        index,
                        other,
                        seen.serves.get(shard),
                        seen.index);
            }
        });
        Turn last = turns.get(shard);
        if (last == null || epoch > last.epoch) {
            handovers += last == null ? 0 : 1;
            turns.put(shard, new Turn(epoch, group));
        } else if (epoch < last.epoch || group != last.group) {
            throw new Violation(
                    "OneOwner",
                    "group %d serves shard %d in epoch %d at index %d, but group %d has served it in epoch %d",
                    group,
                    shard,
                    epoch,
                    index,
                    last.group,
                    last.epoch);
        }
    }

    /** How often a shard was served by another group than before. */
    public long handovers() {
        return handovers;
    }
}
