package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * When a node has caught up: each group placed on it has a leader, and is applied here up to the end that the log had
 * when a leader was first known. That end covers every write acknowledged before, for what is not in a follower's log
 * by then was never acknowledged by it. A replica that its group does not know of yet is not waited for. Belongs to the node's lane.
 */
final class Readiness {
    private final NodeId self;
    private final RaftHost host;
    /** By group: the index to reach. */
    private final TreeMap<Long, Long> targets = new TreeMap<>();

    Readiness(NodeId self, RaftHost host) {
        this.self = self;
        this.host = host;
    }

    /** What is still missing: one line; empty if nothing. */
    String missing(Configuration newest) {
        if (newest == null) {
            return "the fleet's first configuration is not known yet";
        }
        for (long group : placedHere(newest)) {
            String missing = missing(group);
            if (!missing.isEmpty()) {
                return missing;
            }
        }
        return "";
    }

    private List<Long> placedHere(Configuration newest) {
        List<Long> groups = new ArrayList<>();
        if (newest.getControllerReplicasList().contains(self.value())) {
            groups.add(ControllerService.GROUP);
        }
        for (Group group : newest.getGroupsList()) {
            if (group.getReplicasList().contains(self.value())) {
                groups.add(group.getId());
            }
        }
        return groups;
    }

    private String missing(long group) {
        GroupStatus status = host.status(group);
        if (status == null) {
            return "group " + group + " has no replica here yet";
        }
        if (status.failure() != null) {
            return "the replica of group " + group + " was halted: " + status.failure();
        }
        if (!status.membership().contains(self)) {
            // begun empty, or being left out: the group does not count on it
            return "";
        }
        if (status.leader() == null) {
            return "group " + group + " has no known leader";
        }
        long target = targets.computeIfAbsent(group, g -> status.state().last());
        // A new leader may have cut entries that were never committed.
        long reach = Math.min(target, status.state().last());
        if (status.applied() < reach || status.applied() == 0) {
            return "group " + group + " is applied up to " + status.applied() + " of " + reach;
        }
        return "";
    }
}
