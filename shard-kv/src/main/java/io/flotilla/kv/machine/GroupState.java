package io.flotilla.kv.machine;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that the machine of a group has: its shards and fences, which are the group's state, and what this node holds for it. What
 * changes stays here until it is written back. Applier lane.
 */
final class GroupState {
    private final long group;
    private final NodeRows node;
    private final EpochGuard guard;
    private final Fences fences;
    private final Holds holds;
    /** Shards that went since the last write back. */
    private final SortedSet<Long> removed = new TreeSet<>();
    /** Since the last write back other rows of the engine came into use. */
    private boolean restructured;
    /** Since the last {@link #publish} a shard, a move, a fence or a hold came or went, or got further. */
    private boolean changed = true;

    private SortedMap<Long, PublishedMove> moves = new TreeMap<>();

    GroupState(long group, NodeRows node, List<ShardRow> shards, Fences fences, Holds holds) {
        this.group = group;
        this.node = node;
        this.guard = new EpochGuard(
                group, shards.stream().map(row -> new ShardState(node, row)).toList());
        this.fences = fences;
        this.holds = holds;
    }

    EpochGuard guard() {
        return guard;
    }

    Fences fences() {
        return fences;
    }

    Holds holds() {
        return holds;
    }

    /** A shard, a move, a fence or a hold came or went, or got further. */
    void changed() {
        changed = true;
    }

    /** The same, and the rows that are used in the engine are others. */
    void restructured() {
        restructured = true;
        changed = true;
    }

    /** The shard is here, in place of one with the same id. */
    void put(ShardState shard) {
        removed.remove(shard.id());
        guard.put(shard);
        restructured();
    }

    /** The shard is not here any more. */
    void remove(ShardState shard) {
        removed.add(shard.id());
        guard.remove(shard.id());
        restructured();
    }

    /** The group has come to this move: holds up to it end. */
    void raiseFence(long shard, long move) {
        fences.raise(shard, move);
        if (holds.end(shard, move)) {
            restructured();
        }
        changed();
    }

    /** As they are now, by ascending id. */
    List<ShardRow> shardRows() {
        List<ShardRow> rows = new ArrayList<>();
        for (ShardState shard : guard.shards()) {
            rows.add(shard.toRow());
        }
        return rows;
    }

    /** The rows of the engine that shards and holds use. */
    List<RowRange> usedRows() {
        List<RowRange> rows = KvMachines.rows(shardRows());
        rows.addAll(holds.rows());
        return rows;
    }

    /**
     * Adds everything that changed since the last call.
     *
     * @return whether other rows of the engine are used than at the last call
     */
    boolean drainTo(EngineBatch batch) {
        removed.forEach(shard -> batch.delete(Layout.shardKey(group, shard)));
        removed.clear();
        for (ShardState shard : guard.shards()) {
            shard.drainTo(group, batch);
        }
        fences.drainTo(batch);
        holds.drainTo(batch);
        boolean others = restructured;
        restructured = false;
        return others;
    }

    /** Others may know what was applied. */
    void publish() {
        if (changed) {
            changed = false;
            publishAll();
            return;
        }
        for (PublishedMove move : moves.values()) {
            ShardState shard = guard.find(move.shard());
            move.applied(shard.changeNumber(), shard.index().rows());
        }
    }

    private void publishAll() {
        SortedMap<Long, ShardGauge> gauges = new TreeMap<>();
        List<Shard> known = new ArrayList<>();
        moves = new TreeMap<>();
        for (ShardState shard : guard.shards()) {
            if (shard.move() != null) {
                moves.put(
                        shard.id(),
                        new PublishedMove(
                                shard.id(),
                                shard.move(),
                                shard.changeNumber(),
                                shard.index().rows()));
            }
            if (shard.isFrozen()) {
                known.add(shard.whereItGoes());
            } else {
                known.add(shard.shard());
                gauges.put(shard.id(), shard.gauge());
            }
        }
        known.addAll(fences.gone());
        node.published()
                .put(group, new PublishedGroup(gauges, List.copyOf(known), moves, fences.moves(), holds.published()));
    }
}
