package io.flotilla.controller.machine;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.FleetChanges;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What reports of moves make of a configuration: many may share one. A report of a move that is not open any more, or of a group
 * that is not the move's, changes nothing. Deterministic; of one command, on its machine's lane.
 */
final class Settlement {
    private final Configuration before;
    private final OpenDrops drops;
    /** Where the shards stand that are told of. */
    private final Map<Long, Integer> places = new HashMap<>();
    /** Null until one has changed. */
    private List<Shard> shards;

    private boolean stays;

    /** @param drops is changed, too */
    Settlement(Configuration before, OpenDrops drops) {
        this.before = before;
        this.drops = drops;
    }

    /** The next configuration; null if it is the one before. */
    Configuration settle(List<MoveReport> reports) {
        reports.forEach(report -> places.put(report.getShard(), null));
        for (int i = 0; i < before.getShardsCount(); i++) {
            places.replace(before.getShards(i).getId(), i);
        }
        reports.forEach(this::settle);
        Configuration.Builder next = before.toBuilder();
        if (shards != null) {
            next.clearShards().addAllShards(shards);
        }
        next = FleetChanges.withoutEnded(next, drops::owes);
        return shards == null && next.getGroupsCount() == before.getGroupsCount()
                ? null
                : next.setNumber(before.getNumber() + 1).build();
    }

    /** Whether a shard stays that was to go: a plan that was made before may be another now. */
    boolean isAnyStaying() {
        return stays;
    }

    private void settle(MoveReport report) {
        if (report.getOutcome() == MoveReport.Outcome.DROPPED) {
            drops.told(report.getShard(), report.getMoveId(), report.getGroup());
            return;
        }
        Integer at = places.get(report.getShard());
        if (at == null) {
            return;
        }
        Shard shard = shards == null ? before.getShards(at) : shards.get(at);
        if (shard.getTarget() == 0 || shard.getMoveId() != report.getMoveId()) {
            return;
        }
        Shard.Builder settled = shard.toBuilder().clearTarget().clearMoveId().clearCancelled();
        if (report.getOutcome() == MoveReport.Outcome.ADOPTED && report.getGroup() == shard.getTarget()) {
            drops.cameBack(shard.getId(), shard.getTarget());
            drops.add(shard.getId(), shard.getMoveId(), shard.getGroup());
            settled.setGroup(shard.getTarget()).setEpoch(shard.getEpoch() + 1);
            stays |= shard.getCancelled();
        } else if (report.getOutcome() == MoveReport.Outcome.CANCELLED && report.getGroup() == shard.getGroup()) {
            stays = true;
        } else {
            return;
        }
        if (shards == null) {
            shards = new ArrayList<>(before.getShardsList());
        }
        shards.set(at, settled.build());
    }
}
