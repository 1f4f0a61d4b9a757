package io.flotilla.ops.node.move;

import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.move.MoveFacts;
import io.flotilla.kv.move.PublishedFacts;
import io.flotilla.kv.move.ReplicaFacts;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupProgress;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The replicas of this node, for the driver of moves. What only a group's worker knows (who was heard, what was applied in this term)
 * is asked for again and again, and counts for a moment. Belongs to the node's lane.
 */
final class HostMoveFacts implements MoveFacts {
    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final long ASK_NANOS = 100_000_000L;
    /** What a worker said longer ago counts for nothing. */
    private static final long FRESH_NANOS = 1_000_000_000L;

    private static final class Asked {
        private long askedAt;
        private boolean isOpen;
        private long toldAt;
        private GroupProgress told;
    }

    private final RaftHost host;
    private final KvMachines machines;
    private final Clock clock;
    private final Lane lane;
    private final Runnable news;
    private final SortedMap<Long, Asked> progress = new TreeMap<>();
    private SortedSet<Long> concerned = new TreeSet<>();
    private boolean hasLooked;
    private long lookedAt;

    /** @param news what was asked for is known now */
    HostMoveFacts(RaftHost host, KvMachines machines, Clock clock, Lane lane, Runnable news) {
        this.host = host;
        this.machines = machines;
        this.clock = clock;
        this.lane = lane;
        this.news = news;
    }

    @Override
    public SortedSet<Long> concerned() {
        if (!hasLooked || clock.nanos() - lookedAt >= LOOK_NANOS) {
            look();
        }
        return concerned;
    }

    /** Looks again at once: a replica's role or the configuration has changed. */
    void changed() {
        hasLooked = false;
    }

    private void look() {
        hasLooked = true;
        lookedAt = clock.nanos();
        SortedSet<Long> found = new TreeSet<>();
        SortedSet<Long> here = new TreeSet<>();
        for (GroupStatus replica : host.status()) {
            PublishedGroup published = machines.published(replica.groupId());
            here.add(replica.groupId());
            if (published != null && PublishedFacts.isConcerned(published)) {
                found.add(replica.groupId());
            }
        }
        progress.keySet().retainAll(here);
        concerned = found;
    }

    @Override
    public ReplicaFacts of(long group) {
        GroupStatus replica = group == ControllerService.GROUP ? null : host.status(group);
        PublishedGroup published = replica == null ? null : machines.published(group);
        if (published == null) {
            return null;
        }
        boolean leads = replica.state().role() == RoleName.LEADER;
        GroupProgress known = leads ? progress(replica) : null;
        SortedSet<NodeId> voters = new TreeSet<>(replica.membership().voters());
        SortedSet<NodeId> heard = new TreeSet<>(voters);
        heard.retainAll(known == null ? Collections.emptySortedSet() : known.heard());
        return new ReplicaFacts(
                group,
                leads,
                replica.state().term(),
                known != null && known.hasAppliedOwn(),
                replica.isMembershipCommitted() && !replica.membership().isJoint(),
                voters,
                heard,
                PublishedFacts.moving(published),
                shard -> PublishedFacts.of(published, shard));
    }

    /** What the worker said of this term; null until it has, and if that was too long ago. */
    private GroupProgress progress(GroupStatus replica) {
        Asked asked = progress.computeIfAbsent(replica.groupId(), none -> new Asked());
        long now = clock.nanos();
        if (!asked.isOpen && (asked.told == null || now - asked.askedAt >= ASK_NANOS)) {
            asked.isOpen = true;
            asked.askedAt = now;
            host.progress(replica.groupId(), new ProgressCallback() {
                @Override
                public void progress(GroupProgress told) {
                    lane.execute(() -> {
                        boolean isFirst = asked.told == null || asked.told.hasAppliedOwn() != told.hasAppliedOwn();
                        asked.isOpen = false;
                        asked.toldAt = clock.nanos();
                        asked.told = told;
                        if (isFirst) {
                            news.run();
                        }
                    });
                }

                @Override
                public void refused(Refusal refusal) {
                    lane.execute(() -> asked.isOpen = false);
                }
            });
        }
        boolean counts =
                asked.told != null && asked.told.term() == replica.state().term() && now - asked.toldAt < FRESH_NANOS;
        return counts ? asked.told : null;
    }
}
