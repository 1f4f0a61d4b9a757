package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Lane;
import java.util.Iterator;
import java.util.TreeSet;

/**
 * What a node that starts waits for: that each group placed on it has a leader and is applied here up to what that leader had committed
 * when it was asked, once. So a linearizable read is made of each, at the replica here. A replica that its group does
 * not know of yet is not waited for. Belongs to the node's lane.
 */
final class CatchUp {
    /** Groups that are looked at in one look, and reads under way: however many groups there are. */
    static final int AT_A_TIME = 256;

    private final NodeId self;
    private final RaftHost host;
    private final Lane lane;
    private final TreeSet<Long> over = new TreeSet<>();
    private final TreeSet<Long> asked = new TreeSet<>();
    private TreeSet<Long> pending = new TreeSet<>();
    private Configuration seen;

    CatchUp(NodeId self, RaftHost host, Lane lane) {
        this.self = self;
        this.host = host;
        this.lane = lane;
    }

    /** What is still missing: one line; empty if nothing. */
    String missing(Configuration newest) {
        if (newest == null) {
            return "the fleet's first configuration is not known yet";
        }
        if (newest != seen) {
            seen = newest;
            pending = placedHere(newest);
            pending.removeAll(over);
        }
        String first = "";
        Iterator<Long> groups = pending.iterator();
        for (int i = 0; i < AT_A_TIME && groups.hasNext(); i++) {
            long group = groups.next();
            String missing = missing(group);
            if (missing.isEmpty()) {
                over.add(group);
                groups.remove();
            } else if (first.isEmpty()) {
                first = missing;
            }
        }
        return pending.isEmpty() ? "" : first.isEmpty() ? pending.size() + " groups are still to be looked at" : first;
    }

    private TreeSet<Long> placedHere(Configuration newest) {
        TreeSet<Long> groups = new TreeSet<>();
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
        if (!status.membership().contains(self) || over.contains(group)) {
            // begun empty, or being left out: the group does not count on it
            return "";
        }
        if (status.leader() == null) {
            return "group " + group + " has no known leader";
        }
        ask(group);
        return "group " + group + " is behind: applied up to " + status.applied()
                + ", and its leader has committed more";
    }

    private void ask(long group) {
        if (asked.size() >= AT_A_TIME || !asked.add(group)) {
            return;
        }
        host.read(group, ReadAt.ANY_REPLICA, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                return () -> lane.execute(() -> {
                    asked.remove(group);
                    over.add(group);
                });
            }

            @Override
            public void refused(Refusal refusal) {
                lane.execute(() -> asked.remove(group));
            }
        });
    }
}
