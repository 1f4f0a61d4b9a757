package io.flotilla.controller.service;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.LeaderTransfer;
import io.flotilla.controller.decide.LeaderSpread;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Keeps leaderships evenly spread, a few at a time: by the nodes' reports alone, kept in memory by this leader of the controller. A step
 * is planned when the nodes that take leaderships have been the same, and every group has had a leader, for {@link #CALM_NANOS}, when no
 * transfer of the step before is under way, and when each of those nodes has reported since. A group that stays without a leader holds up
 * the others for {@link #UNREST_NANOS} only. The group of the controller itself is left alone. Belongs to the applier lane of the controller's group.
 */
final class LeaderBalance {
    /** After a failure elections spread leaders at random: they are left to settle, and so is a node that comes back. */
    static final long CALM_NANOS = 8_000_000_000L;
    /** An election is over by then, or there is no quorum. */
    static final long UNREST_NANOS = 15_000_000_000L;
    /** A transfer takes a round trip; one that was not reported by then is given up. */
    static final long PATIENCE_NANOS = 5_000_000_000L;
    /** A group that could not be transferred, or was not asked to because it would hurt, is left alone for so long. */
    static final long REST_NANOS = 30_000_000_000L;

    /** All groups are looked at, so not with each report. */
    private static final long LOOK_NANOS = 500_000_000L;
    /** Of the groups, in one step; at least {@link #LEAST_AT_A_TIME}. */
    private static final int SHARE_AT_A_TIME = 20;

    private static final int LEAST_AT_A_TIME = 10;

    private record Wish(LeaderSpread.Transfer transfer, long term, long since) {}

    private final TreeMap<Long, Wish> wishes = new TreeMap<>();
    /** Groups that rest, and until when. */
    private final TreeMap<Long, Long> resting = new TreeMap<>();

    /** Groups without a leader, and since when. */
    private Map<Long, Long> leaderless = new TreeMap<>();

    private SortedSet<String> takers = new TreeSet<>();
    private long controllerTerm = -1;
    private long calmSince;
    private long steppedAt;
    private long lookedAt;

    /**
     * What the node that has just reported should give away.
     *
     * @param term of the controller's leader
     */
    List<LeaderTransfer> of(String node, long term, long now, Configuration newest, ReportBoard.Sight sight) {
        if (term != controllerTerm) {
            controllerTerm = term;
            wishes.clear();
            resting.clear();
            leaderless = new TreeMap<>();
            takers = new TreeSet<>();
            steppedAt = now;
            lookedAt = now;
        }
        if (now - lookedAt >= LOOK_NANOS) {
            lookedAt = now;
            look(now, newest, sight);
        }
        List<LeaderTransfer> told = new ArrayList<>();
        for (Map.Entry<Long, Wish> wish : wishes.entrySet()) {
            LeaderSpread.Transfer transfer = wish.getValue().transfer();
            if (transfer.from().equals(node)) {
                told.add(LeaderTransfer.newBuilder()
                        .setGroup(wish.getKey())
                        .setTerm(wish.getValue().term())
                        .setTarget(transfer.to())
                        .build());
            }
        }
        return told;
    }

    private void look(long now, Configuration newest, ReportBoard.Sight sight) {
        SortedSet<String> present = sight.takers();
        SortedMap<Long, LeaderSpread.Led> groups = new TreeMap<>();
        Map<Long, Long> unled = new TreeMap<>();
        for (Group group : newest.getGroupsList()) {
            ReportBoard.Lead lead = sight.leader(group.getId());
            if (lead != null) {
                groups.put(group.getId(), new LeaderSpread.Led(lead.node(), group.getReplicasList()));
            } else if (group.getId() != ControllerService.GROUP) {
                unled.put(group.getId(), leaderless.getOrDefault(group.getId(), now));
            }
        }
        leaderless = unled;
        boolean isElecting = unled.values().stream().anyMatch(since -> now - since < UNREST_NANOS);
        if (isElecting || !present.equals(takers)) {
            takers = present;
            calmSince = now;
        }
        int before = wishes.size();
        wishes.values().removeIf(wish -> isOver(wish, now, sight));
        if (wishes.size() < before) {
            steppedAt = now;
        }
        resting.values().removeIf(until -> now - until >= 0);
        if (wishes.isEmpty() && now - calmSince >= CALM_NANOS && sight.isNewerThan(steppedAt, takers)) {
            step(now, groups, sight);
        }
    }

    private void step(long now, SortedMap<Long, LeaderSpread.Led> groups, ReportBoard.Sight sight) {
        int most = Math.max(LEAST_AT_A_TIME, groups.size() / SHARE_AT_A_TIME);
        // those that rest count where they are: without replicas elsewhere they can't go
        resting.keySet()
                .forEach(group -> groups.computeIfPresent(
                        group, (id, led) -> new LeaderSpread.Led(led.leader(), List.of(led.leader()))));
        for (LeaderSpread.Transfer transfer : LeaderSpread.plan(groups, takers, most)) {
            long term = sight.leader(transfer.group()).term();
            wishes.put(transfer.group(), new Wish(transfer, term, now));
        }
        if (!wishes.isEmpty()) {
            steppedAt = now;
        }
    }

    private boolean isOver(Wish wish, long now, ReportBoard.Sight sight) {
        ReportBoard.Lead lead = sight.leader(wish.transfer().group());
        if (lead != null && lead.term() > wish.term()) {
            return true;
        }
        if (now - wish.since() >= PATIENCE_NANOS) {
            resting.put(wish.transfer().group(), now + REST_NANOS);
            return true;
        }
        return false;
    }
}
