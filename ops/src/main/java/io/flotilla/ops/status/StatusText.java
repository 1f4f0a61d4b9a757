package io.flotilla.ops.status;

import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ReplicaLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import java.util.ArrayList;
import java.util.List;

/** The fleet's state as lines for people; keys in hex. */
public final class StatusText {
    private StatusText() {}

    /** Everything, in short. */
    public static List<String> lines(FleetStatus fleet) {
        List<String> lines = new ArrayList<>();
        lines.add("configuration " + fleet.configuration() + " of fleet " + fleet.fleetId());
        lines.add("controller: leader " + orNone(fleet.controller().leader()) + ", term "
                + fleet.controller().term() + ", replicas "
                + String.join(",", fleet.controller().nodes()));
        lines.add("");
        TextTable nodes = new TextTable("NODE", "ADDRESS", "STATE", "PAGE", "");
        for (NodeLine node : fleet.nodes()) {
            nodes.row(node.id(), node.address(), node.state(), page(node), note(node));
        }
        lines.addAll(nodes.lines());
        lines.add("");
        TextTable groups = new TextTable("GROUP", "LEADER", "TERM", "COMMIT", "REPLICAS", "");
        for (GroupLine group : fleet.groups()) {
            groups.row(
                    group.id(),
                    orNone(group.leader()),
                    group.term(),
                    group.commitIndex(),
                    String.join(",", group.nodes()),
                    group.state().equals("active") ? "" : group.state());
        }
        lines.addAll(groups.lines());
        lines.add("");
        lines.addAll(shards(fleet));
        return lines;
    }

    /** The nodes. */
    public static List<String> nodes(FleetStatus fleet) {
        TextTable table = new TextTable(
                "NODE", "ADDRESS", "STATE", "DUTY", "VERSION", "LEVEL", "REPLICAS", "LEADERS", "LABELS", "PAGE", "");
        for (NodeLine node : fleet.nodes()) {
            table.row(
                    node.id(),
                    node.address(),
                    node.state(),
                    node.duty(),
                    orDash(node.version()),
                    node.featureLevel(),
                    node.replicas(),
                    node.leaders(),
                    orDash(String.join(",", node.labels())),
                    page(node),
                    node.note());
        }
        return table.lines();
    }

    /** The groups, the controller's first. */
    public static List<String> groups(FleetStatus fleet) {
        TextTable table =
                new TextTable("GROUP", "LEADER", "TERM", "COMMIT", "APPLIED", "FIRST", "REPLICAS", "SHARDS", "");
        group(table, fleet.controller(), "controller");
        for (GroupLine group : fleet.groups()) {
            group(table, group, String.valueOf(group.shards().size()));
        }
        return table.lines();
    }

    private static void group(TextTable table, GroupLine group, String shards) {
        List<String> notes = new ArrayList<>();
        if (!group.state().equals("active")) {
            notes.add(group.state());
        }
        group.learners().forEach(learner -> notes.add(learner + " learns"));
        for (ReplicaLine replica : group.replicas()) {
            if (replica.role().equals("unknown")) {
                notes.add(replica.node() + " does not tell");
            } else if (!replica.reason().isEmpty()) {
                notes.add(replica.node() + " halted: " + replica.reason());
            }
        }
        table.row(
                group.id(),
                orNone(group.leader()),
                group.term(),
                group.commitIndex(),
                group.appliedIndex(),
                group.firstIndex(),
                String.join(",", group.nodes()),
                shards,
                String.join("; ", notes));
    }

    /** The shards. */
    public static List<String> shards(FleetStatus fleet) {
        TextTable table = new TextTable("SHARD", "START", "END", "GROUP", "EPOCH", "STATE", "");
        for (ShardLine shard : fleet.shards()) {
            table.row(
                    shard.id(),
                    shard.start().isEmpty() ? "(first)" : shard.start(),
                    shard.end().isEmpty() ? "(last)" : shard.end(),
                    shard.group(),
                    shard.epoch(),
                    shard.state(),
                    move(shard));
        }
        return table.lines();
    }

    private static String note(NodeLine node) {
        return node.duty().equals("normal")
                ? node.note()
                : node.note().isEmpty() ? node.duty() : node.duty() + "; " + node.note();
    }

    private static String move(ShardLine shard) {
        return shard.move() == null
                ? ""
                : "to group " + shard.target() + " (" + shard.move().describe() + ")";
    }

    private static String page(NodeLine node) {
        return node.httpAddress().isEmpty() ? "-" : "http://" + node.httpAddress() + "/";
    }

    private static String orNone(String leader) {
        return leader.isEmpty() ? "none" : leader;
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
