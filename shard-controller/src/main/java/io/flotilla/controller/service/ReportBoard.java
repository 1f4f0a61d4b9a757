package io.flotilla.controller.service;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupReport;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.ShardReport;
import io.flotilla.controller.decide.FleetPlans;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What nodes reported to this leader of the controller: in memory alone, and forgotten when another term begins. Bounded by the
 * fleet's nodes, groups and shards. Belongs to the applier lane of the controller's group.
 */
final class ReportBoard {
    /** A group without a report of a leader for this long has none; a node without one was not heard of lately. */
    static final long SILENCE_NANOS = 5_000_000_000L;
    /** A node keeps this share of its disk free, and at least that many bytes. */
    private static final int RESERVED_SHARE = 20;

    private static final long LEAST_RESERVE = 1L << 30;

    private record Room(long heardAt, long free, long total, boolean takesLeaderships) {
        long usable() {
            return free - Math.max(LEAST_RESERVE, total / RESERVED_SHARE);
        }
    }

    /** A leader, as it said. */
    record Lead(String node, long term, long heardAt) {}

    /** Looked up only. */
    private final Map<String, Room> nodes = new HashMap<>();

    private final Map<Long, Lead> leads = new HashMap<>();
    private final Map<Long, Long> groupsSince = new HashMap<>();
    private final Map<Long, ShardReport> shards = new HashMap<>();
    private long term = -1;
    private long termSince;
    private long number;

    /** A node says what it leads. One that the configuration does not show is not listened to. */
    void accept(long leaderTerm, long now, Configuration newest, NodeReportRequest report) {
        begin(leaderTerm, now, newest);
        if (newest.getNodesList().stream().noneMatch(node -> node.getId().equals(report.getNode()))) {
            return;
        }
        nodes.put(
                report.getNode(),
                new Room(now, report.getFreeDiskBytes(), report.getDiskBytes(), report.getTakesLeaderships()));
        for (GroupReport group : report.getGroupsList()) {
            Lead known = leads.get(group.getGroup());
            boolean isOld = known != null && known.term > group.getTerm();
            if (groupsSince.containsKey(group.getGroup()) && !isOld) {
                leads.put(group.getGroup(), new Lead(report.getNode(), group.getTerm(), now));
                group.getShardsList().forEach(shard -> shards.put(shard.getShard(), shard));
            }
        }
        // what is gone from the fleet is told of by nobody who knows that
        if (shards.size() > newest.getShardsCount()) {
            Set<Long> present = new HashSet<>();
            newest.getShardsList().forEach(shard -> present.add(shard.getId()));
            shards.keySet().retainAll(present);
        }
    }

    private void begin(long leaderTerm, long now, Configuration newest) {
        if (leaderTerm != term) {
            term = leaderTerm;
            termSince = now;
            number = 0;
            nodes.clear();
            leads.clear();
            groupsSince.clear();
            shards.clear();
        }
        if (newest.getNumber() > number) {
            number = newest.getNumber();
            Set<Long> present = new HashSet<>();
            for (Group group : newest.getGroupsList()) {
                present.add(group.getId());
                groupsSince.putIfAbsent(group.getId(), now);
            }
            groupsSince.keySet().retainAll(present);
            leads.keySet().retainAll(present);
        }
    }

    /** Roughly what the shard's rows take; 0 if nobody told. */
    long bytes(long shard) {
        ShardReport report = shards.get(shard);
        return report == null ? 0 : report.getBytes();
    }

    /** What is known now, to be used at once. */
    Sight look(long leaderTerm, long now, Configuration newest) {
        begin(leaderTerm, now, newest);
        return new Sight(now, newest);
    }

    /** What is known at one moment. */
    final class Sight implements FleetPlans.Observed {
        private final long now;
        private final Configuration newest;
        private final long averageBytes;

        private Sight(long now, Configuration newest) {
            this.now = now;
            this.newest = newest;
            long sum = shards.values().stream().mapToLong(ShardReport::getBytes).sum();
            this.averageBytes = shards.isEmpty() ? 0 : sum / shards.size();
        }

        /** One line: what has to be awaited before a plan can be made; null if nothing. */
        String tooEarly() {
            for (Group group : newest.getGroupsList()) {
                if (group.getState() == GroupState.GROUP_STATE_ACTIVE
                        && !leads.containsKey(group.getId())
                        && now - Math.max(termSince, groupsSince.getOrDefault(group.getId(), now)) <= SILENCE_NANOS) {
                    return "the controller has not heard yet that group " + group.getId()
                            + " has a leader: try again in a moment";
                }
            }
            return null;
        }

        boolean isLed(long group) {
            return leader(group) != null;
        }

        /** Who said lately that it leads the group; null if nobody did. */
        Lead leader(long group) {
            Lead lead = leads.get(group);
            return lead != null && now - lead.heardAt <= SILENCE_NANOS ? lead : null;
        }

        /** The nodes heard of lately that may be given leaderships. */
        SortedSet<String> takers() {
            TreeSet<String> takers = new TreeSet<>();
            for (Node node : newest.getNodesList()) {
                if (isHeard(node.getId()) && nodes.get(node.getId()).takesLeaderships) {
                    takers.add(node.getId());
                }
            }
            return takers;
        }

        /** Whether all of these have reported after that moment. */
        boolean isNewerThan(long moment, Set<String> reporters) {
            return reporters.stream().allMatch(node -> nodes.get(node).heardAt - moment > 0);
        }

        boolean isHeard(String node) {
            Room room = nodes.get(node);
            return room != null && now - room.heardAt <= SILENCE_NANOS;
        }

        /** Whether any node was heard of: else nothing is known. */
        boolean isAnyHeard() {
            return newest.getNodesList().stream().map(Node::getId).anyMatch(this::isHeard);
        }

        /** A node of the group on which so many further bytes don't fit; null if none is known. */
        String nodeWithoutRoom(Group group, long bytes) {
            for (String replica : group.getReplicasList()) {
                Room room = nodes.get(replica);
                if (room != null && room.total > 0 && room.usable() < bytes) {
                    return replica;
                }
            }
            return null;
        }

        @Override
        public boolean takes(Group group) {
            return isLed(group.getId()) && nodeWithoutRoom(group, averageBytes) == null;
        }

        @Override
        public long bytes(long shard) {
            return ReportBoard.this.bytes(shard);
        }

        @Override
        public long load(long shard) {
            ShardReport report = shards.get(shard);
            return report == null ? 0 : report.getReadsPerSecond() + report.getWritesPerSecond();
        }
    }
}
