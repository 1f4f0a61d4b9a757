package io.flotilla.ops.node;

import io.flotilla.client.proto.GroupReport;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardReport;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.ShardGauge;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a node reports to the controller: the groups that it leads, all of them each time, and of their shards some after the other.
 * Belongs to the node's lane.
 */
final class LedGroups implements Supplier<NodeReportRequest> {
    /** Shards in one report: to size one up costs the engine some work. */
    static final int MOST_SHARDS = 512;

    private static final double SECOND = 1e9;

    /** What had been asked of a shard when it was reported last. */
    private record Asked(long reads, long writes, long nanos) {
        static Asked of(ShardGauge gauge, long now) {
            return new Asked(gauge.reads(), gauge.writes(), now);
        }
    }

    private final Supplier<NodeReportRequest.Builder> about;
    private final RaftHost host;
    private final KvMachines machines;
    private final Clock clock;
    /** Of the shards of the round before this one, by shard. */
    private TreeMap<Long, Asked> before = new TreeMap<>();

    private TreeMap<Long, Asked> seen = new TreeMap<>();
    /** The last one that was told of in this round. */
    private long lastGroup = -1;

    private long lastShard = -1;

    /** @param about says which node of which fleet it is, and what room it has */
    LedGroups(Supplier<NodeReportRequest.Builder> about, RaftHost host, KvMachines machines, Clock clock) {
        this.about = about;
        this.host = host;
        this.machines = machines;
        this.clock = clock;
    }

    @Override
    public NodeReportRequest get() {
        NodeReportRequest.Builder report =
                about.get().setTakesLeaderships(!host.stats().disk().isSlow());
        int room = MOST_SHARDS;
        for (GroupStatus replica : host.status()) {
            long group = replica.groupId();
            if (group != ControllerService.GROUP && replica.state().role() == RoleName.LEADER) {
                GroupReport.Builder led = GroupReport.newBuilder()
                        .setGroup(group)
                        .setTerm(replica.state().term());
                room = add(group, led, room);
                report.addGroups(led);
            }
        }
        if (room >= 0) {
            lastGroup = -1;
            lastShard = -1;
            before = seen;
            seen = new TreeMap<>();
        }
        return report.build();
    }

    /** @return for how many shards there is room then; -1 if there was none for one */
    private int add(long group, GroupReport.Builder led, int room) {
        PublishedGroup published = group < lastGroup || room < 0 ? null : machines.published(group);
        if (published == null) {
            return room;
        }
        int left = room;
        List<Shard> shards = new ArrayList<>(published.shards());
        shards.sort(Comparator.comparingLong(Shard::getId));
        for (Shard shard : shards) {
            ShardGauge gauge = published.gauge(shard.getId());
            boolean isNext = group > lastGroup || shard.getId() > lastShard;
            if (gauge == null || !isNext) {
                continue;
            }
            if (left == 0) {
                return -1;
            }
            left--;
            lastGroup = group;
            lastShard = shard.getId();
            led.addShards(report(group, shard.getId(), gauge));
        }
        return left;
    }

    private ShardReport.Builder report(long group, long shard, ShardGauge gauge) {
        ShardReport.Builder report =
                ShardReport.newBuilder().setShard(shard).setBytes(machines.approximateBytes(group, shard));
        Asked now = Asked.of(gauge, clock.nanos());
        seen.put(shard, now);
        Asked last = before.get(shard);
        if (last != null && now.nanos > last.nanos) {
            double seconds = (now.nanos - last.nanos) / SECOND;
            report.setReadsPerSecond(Math.round(Math.max(0, now.reads - last.reads) / seconds))
                    .setWritesPerSecond(Math.round(Math.max(0, now.writes - last.writes) / seconds));
        }
        return report;
    }
}
