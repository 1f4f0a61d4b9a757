package io.flotilla.kv.move;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * Drives the moves of shards from and to the groups that this node leads. It goes by what is there: the newest configuration, what
 * the replicas here have applied, what others say they hold, and answers. So each call may come at any time and again, a step does
 * at most what is missing, and what was lost is done once more. Of what an earlier leader did it needs to know nothing.
 *
 * <p>Pure: no clock, thread or random source of its own. Belongs to one lane, on which all answers come, too.
 */
public final class MoveDriver {
    /** How exactly it is known since when a move is in its phase. */
    private static final long LOOK_NANOS = 200_000_000L;

    private final MoveFacts facts;
    private final Core core;
    private final MoveStatuses statuses = new MoveStatuses();
    private final SortedMap<Long, TargetGroup> targets = new TreeMap<>();
    private final SortedMap<Long, SourceGroup> sources = new TreeMap<>();
    private ConfiguredMoves configured = ConfiguredMoves.NONE;
    private boolean hasLooked;
    private long lookedAt;

    /** @param nanos a monotone clock */
    public MoveDriver(
            NodeId self,
            MoveLimits limits,
            LongSupplier nanos,
            MoveFacts facts,
            MoveActions actions,
            MoveMetrics metrics) {
        this.facts = facts;
        this.core = new Core(self, limits, nanos, actions, metrics);
    }

    private static final class Core implements MoveCore {
        private final NodeId self;
        private final MoveLimits limits;
        private final LongSupplier nanos;
        private final MoveActions actions;
        private final MoveMetrics metrics;
        private final MoveReports reports = new MoveReports(this);

        Core(NodeId self, MoveLimits limits, LongSupplier nanos, MoveActions actions, MoveMetrics metrics) {
            this.self = self;
            this.limits = limits;
            this.nanos = nanos;
            this.actions = actions;
            this.metrics = metrics;
        }

        @Override
        public NodeId self() {
            return self;
        }

        @Override
        public long now() {
            return nanos.getAsLong();
        }

        @Override
        public MoveLimits limits() {
            return limits;
        }

        @Override
        public MoveActions actions() {
            return actions;
        }

        @Override
        public MoveMetrics metrics() {
            return metrics;
        }

        @Override
        public MoveReports reports() {
            return reports;
        }
    }

    /** The newest configuration; an older one than was known changes nothing. */
    public void configured(Configuration newest) {
        if (newest.getNumber() > configured.number()) {
            configured = new ConfiguredMoves(newest);
        }
    }

    /** What a replica of a target holds; of the one on this node, too. May come late, twice, or never. */
    public void told(NodeId from, HoldReport report) {
        TargetGroup target = targets.get(report.getGroup());
        if (target != null) {
            target.told(from, report);
        }
    }

    /** The controller does not know whether a shard was dropped by a group that this node may lead. */
    public void awaited(MoveReport drop) {
        ReplicaFacts replica = facts.of(drop.getGroup());
        if (replica != null && replica.caughtUp()) {
            source(replica).awaited(new MoveKey(drop.getMoveId(), drop.getShard()), replica);
        }
    }

    /** Does what is to be done now. Called after each answer, whenever something changed, and from time to time. */
    public void step() {
        for (long group : concerned()) {
            ReplicaFacts replica = facts.of(group);
            if (replica == null || !replica.leads()) {
                targets.remove(group);
                sources.remove(group);
            } else {
                source(replica).step(replica, configured);
                target(replica).step(replica, configured);
            }
        }
        core.reports().step();
        if (!hasLooked || core.now() - lookedAt >= LOOK_NANOS) {
            hasLooked = true;
            lookedAt = core.now();
            statuses.see(sights(), lookedAt);
        }
    }

    private TargetGroup target(ReplicaFacts replica) {
        TargetGroup target = targets.get(replica.group());
        if (target == null || target.term() != replica.term()) {
            target = new TargetGroup(replica.group(), replica.term(), core);
            targets.put(replica.group(), target);
        }
        return target;
    }

    private SourceGroup source(ReplicaFacts replica) {
        SourceGroup source = sources.get(replica.group());
        if (source == null || source.term() != replica.term()) {
            source = new SourceGroup(replica.group(), replica.term(), core);
            sources.put(replica.group(), source);
        }
        return source;
    }

    private SortedSet<Long> concerned() {
        SortedSet<Long> groups = new TreeSet<>(facts.concerned());
        groups.addAll(configured.groups());
        groups.addAll(targets.keySet());
        groups.addAll(sources.keySet());
        return groups;
    }

    /** Whether steps are wanted often, though nothing changes here: something is to be asked or proposed again. */
    public boolean isBusy() {
        return targets.values().stream().anyMatch(TargetGroup::isBusy)
                || sources.values().stream().anyMatch(SourceGroup::isBusy);
    }

    /**
     * Each move from or to a group with a replica here, by ascending shard and move.
     *
     * @param wallMillis milliseconds since 1970 now
     */
    public List<MoveStatus> statuses(long wallMillis) {
        List<MoveStatus> all = new ArrayList<>();
        sights().values().forEach(sight -> all.add(statuses.status(sight, core.now(), wallMillis)));
        all.sort(Comparator.comparingLong(MoveStatus::getShard).thenComparingLong(MoveStatus::getMoveId));
        return all;
    }

    private SortedMap<MoveKey, MoveStatuses.Sight> sights() {
        SortedMap<MoveKey, MoveStatuses.Sight> sights = new TreeMap<>();
        for (long group : concerned()) {
            ReplicaFacts replica = facts.of(group);
            if (replica == null) {
                continue;
            }
            configured.into(group).forEach(intent -> see(sights, intent, facts.of(intent.from()), replica));
            configured.from(group).forEach(intent -> see(sights, intent, replica, facts.of(intent.into())));
            replica.moving().forEach((shard, known) -> {
                MoveKey key = new MoveKey(known.move(), shard);
                if (known.isFrozenBy(key) && configured.isOver(key)) {
                    SourceGroup source = sources.get(group);
                    String drop = source == null ? "" : source.waitsFor(key, configured);
                    sights.put(
                            key, new MoveStatuses.Sight(key, null, group, known.target(), replica, null, null, drop));
                }
            });
        }
        return sights;
    }

    private void see(
            SortedMap<MoveKey, MoveStatuses.Sight> sights,
            MoveIntent intent,
            ReplicaFacts source,
            ReplicaFacts target) {
        TargetGroup driving = targets.get(intent.into());
        sights.put(
                intent.key(),
                new MoveStatuses.Sight(
                        intent.key(),
                        intent,
                        intent.from(),
                        intent.into(),
                        source,
                        target,
                        driving == null ? null : driving.move(intent.key()),
                        ""));
    }
}
