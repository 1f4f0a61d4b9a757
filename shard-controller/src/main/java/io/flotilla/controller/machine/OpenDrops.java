package io.flotilla.controller.machine;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.controller.proto.OpenDrop;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/**
 * Which groups have not told yet that they dropped a shard that went on: while a group owes one, it does not end. Belongs to its
 * machine's lane.
 */
final class OpenDrops {
    private record Key(long shard, long moveId) {}

    private final TreeMap<Key, Long> groups =
            new TreeMap<>(Comparator.comparingLong(Key::shard).thenComparingLong(Key::moveId));

    void add(long shard, long moveId, long group) {
        groups.put(new Key(shard, moveId), group);
    }

    void told(long shard, long moveId, long group) {
        groups.remove(new Key(shard, moveId), group);
    }

    /** The group has the shard again: what it had of it before is gone with that. */
    void cameBack(long shard, long group) {
        groups.subMap(new Key(shard, 0), new Key(shard, Long.MAX_VALUE))
                .values()
                .removeIf(owes -> owes == group);
    }

    boolean owes(long group) {
        return groups.containsValue(group);
    }

    /** The groups that owe one; a copy. */
    Set<Long> owing() {
        return new TreeSet<>(groups.values());
    }

    /** What is not told of some groups, by ascending shard and move. */
    List<MoveReport> of(LongPredicate group, int most) {
        List<MoveReport> found = new ArrayList<>();
        for (Map.Entry<Key, Long> each : groups.entrySet()) {
            if (found.size() < most && group.test(each.getValue())) {
                found.add(MoveReport.newBuilder()
                        .setShard(each.getKey().shard())
                        .setMoveId(each.getKey().moveId())
                        .setOutcome(MoveReport.Outcome.DROPPED)
                        .setGroup(each.getValue())
                        .build());
            }
        }
        return found;
    }

    List<OpenDrop> all() {
        List<OpenDrop> all = new ArrayList<>(groups.size());
        groups.forEach((key, group) -> all.add(OpenDrop.newBuilder()
                .setShard(key.shard())
                .setMoveId(key.moveId())
                .setGroup(group)
                .build()));
        return all;
    }

    void replace(List<OpenDrop> drops) {
        groups.clear();
        drops.forEach(drop -> add(drop.getShard(), drop.getMoveId(), drop.getGroup()));
    }
}
