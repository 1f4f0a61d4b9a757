package io.flotilla.ops.status;

import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import java.util.ArrayList;
import java.util.List;

/** The fleet's state as lines for people. */
public final class StatusText {
    private StatusText() {}

    public static List<String> lines(FleetStatus fleet) {
        List<String> lines = new ArrayList<>();
        lines.add("configuration " + fleet.configuration() + " of fleet " + fleet.fleetId());
        lines.add("controller: leader " + orNone(fleet.controller().leader()) + ", term "
                + fleet.controller().term() + ", replicas "
                + String.join(",", fleet.controller().replicas()));
        lines.add("");
        TextTable nodes = new TextTable("NODE", "ADDRESS", "STATE", "PAGE", "");
        for (NodeLine node : fleet.nodes()) {
            String page = node.httpAddress().isEmpty() ? "-" : "http://" + node.httpAddress() + "/";
            nodes.row(node.id(), node.address(), node.state(), page, node.reason());
        }
        lines.addAll(nodes.lines());
        lines.add("");
        TextTable groups = new TextTable("GROUP", "LEADER", "TERM", "COMMIT", "REPLICAS");
        for (GroupLine group : fleet.groups()) {
            groups.row(
                    group.id(),
                    orNone(group.leader()),
                    group.term(),
                    group.commitIndex(),
                    String.join(",", group.replicas()));
        }
        lines.addAll(groups.lines());
        lines.add("");
        TextTable shards = new TextTable("SHARD", "START", "END", "GROUP", "EPOCH", "STATE");
        for (ShardLine shard : fleet.shards()) {
            shards.row(
                    shard.id(),
                    shard.start().isEmpty() ? "(first)" : shard.start(),
                    shard.end().isEmpty() ? "(last)" : shard.end(),
                    shard.group(),
                    shard.epoch(),
                    shard.state());
        }
        lines.addAll(shards.lines());
        return lines;
    }

    private static String orNone(String leader) {
        return leader.isEmpty() ? "none" : leader;
    }
}
