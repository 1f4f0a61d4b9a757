package io.flotilla.kv.move;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.Shard;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;

/** A fake of the controller: sets targets and marks moves cancelled; ends a move only when it is told what the groups' logs say. */
final class FakeController {
    private final SortedMap<Long, Shard> shards = new TreeMap<>();
    private final Collection<FakeGroup> groups;
    private Configuration newest;
    private final SortedMap<MoveKey, MoveReport> awaited = new TreeMap<>();
    int adopted;
    int cancelled;

    FakeController(Collection<FakeGroup> groups, int shardCount, long owner) {
        this.groups = groups;
        for (long id = 1; id <= shardCount; id++) {
            shards.put(
                    id, Shard.newBuilder().setId(id).setGroup(owner).setEpoch(1).build());
        }
        commit(1);
    }

    private void commit(long number) {
        Configuration.Builder next =
                Configuration.newBuilder().setNumber(number).addAllShards(shards.values());
        for (FakeGroup group : groups) {
            Group.Builder built = Group.newBuilder().setId(group.id);
            group.replicas.keySet().forEach(node -> built.addReplicas(node.value()));
            next.addGroups(built);
        }
        newest = next.build();
    }

    Configuration newest() {
        return newest;
    }

    Shard shard(long id) {
        return shards.get(id);
    }

    boolean isOpen(MoveKey key) {
        return shards.get(key.shard()).getTarget() != 0
                && shards.get(key.shard()).getMoveId() == key.move();
    }

    /** Drops that it was not told of. */
    Collection<MoveReport> awaited() {
        return java.util.List.copyOf(awaited.values());
    }

    boolean anyOpen() {
        return shards.values().stream().anyMatch(shard -> shard.getTarget() != 0);
    }

    void intend(long id, long target) {
        Shard shard = shards.get(id);
        if (shard.getTarget() == 0 && shard.getGroup() != target) {
            long number = newest.getNumber() + 1;
            shards.put(id, shard.toBuilder().setTarget(target).setMoveId(number).build());
            commit(number);
        }
    }

    void cancel(long id) {
        Shard shard = shards.get(id);
        if (shard.getTarget() != 0 && !shard.getCancelled()) {
            shards.put(id, shard.toBuilder().setCancelled(true).build());
            commit(newest.getNumber() + 1);
        }
    }

    void told(MoveReport report) {
        MoveKey key = new MoveKey(report.getMoveId(), report.getShard());
        Shard shard = shards.get(key.shard());
        if (report.getOutcome() == MoveReport.Outcome.DROPPED) {
            awaited.remove(key);
            return;
        }
        if (!isOpen(key)) {
            return;
        }
        boolean isAdopted = report.getOutcome() == MoveReport.Outcome.ADOPTED;
        if (report.getGroup() != (isAdopted ? shard.getTarget() : shard.getGroup())) {
            throw new IllegalStateException("told by the wrong group: " + report);
        }
        Shard.Builder next = shard.toBuilder().clearTarget().clearMoveId().clearCancelled();
        if (isAdopted) {
            adopted++;
            awaited.put(
                    key,
                    report.toBuilder()
                            .setGroup(shard.getGroup())
                            .setOutcome(MoveReport.Outcome.DROPPED)
                            .build());
            next.setGroup(shard.getTarget()).setEpoch(shard.getEpoch() + 1);
        } else {
            cancelled++;
        }
        shards.put(key.shard(), next.build());
        commit(newest.getNumber() + 1);
    }
}
