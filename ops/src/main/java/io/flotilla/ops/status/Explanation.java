package io.flotilla.ops.status;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ReplicaLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/**
 * One shard, group or node in words: what it is, since when, what it waits for and whom, and the next step. From a
 * configuration and what the nodes say of themselves; the controller need not answer. Immutable.
 *
 * @param name such as {@code shard 3}
 * @param is what it is
 * @param since milliseconds since 1970; 0 if nobody tells
 * @param waitsFor empty if for nothing
 * @param whom the nodes that it waits for
 * @param next the next step, and who takes it
 */
public record Explanation(String name, String is, long since, String waitsFor, List<String> whom, String next) {
    private static final String NOTHING = "nothing: it does what it should";

    public List<String> lines() {
        return List.of(
                name + ": " + is,
                "since:     " + (since == 0 ? "not known" : Instant.ofEpochMilli(since)),
                "waits for: " + (waitsFor.isEmpty() ? "nothing" : waitsFor),
                "whom:      " + (whom.isEmpty() ? "nobody" : String.join(", ", whom)),
                "next:      " + next);
    }

    /** The fields of an object that is open. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeStringField("name", name);
        json.writeStringField("is", is);
        if (since == 0) {
            json.writeNullField("since");
        } else {
            json.writeStringField("since", Instant.ofEpochMilli(since).toString());
        }
        json.writeStringField("waitsFor", waitsFor);
        json.writeArrayFieldStart("whom");
        for (String node : whom) {
            json.writeString(node);
        }
        json.writeEndArray();
        json.writeStringField("next", next);
    }

    // ---- shards ----

    /** Null if there is no such shard. */
    public static Explanation ofShard(FleetStatus fleet, long id) {
        for (ShardLine shard : fleet.shards()) {
            if (shard.id() == id) {
                return shard.move() == null ? ofShardThatStays(fleet, shard) : ofShardThatMoves(fleet, shard);
            }
        }
        return null;
    }

    private static String range(ShardLine shard) {
        return "keys from " + (shard.start().isEmpty() ? "the first" : shard.start()) + " to "
                + (shard.end().isEmpty() ? "the last" : shard.end());
    }

    private static Explanation ofShardThatStays(FleetStatus fleet, ShardLine shard) {
        GroupLine owner = group(fleet, shard.group());
        String name = "shard " + shard.id();
        String is = "group " + shard.group() + " owns it in epoch " + shard.epoch() + ", " + range(shard);
        if (owner == null || !owner.leader().isEmpty()) {
            return new Explanation(name, is, 0, "", List.of(), NOTHING);
        }
        return new Explanation(name, is, 0, noLeader(owner), down(owner), election(owner));
    }

    private static Explanation ofShardThatMoves(FleetStatus fleet, ShardLine shard) {
        MoveLine move = shard.move();
        String name = "shard " + shard.id();
        String is = shard.state() + ", group " + shard.group() + " owns it in epoch " + shard.epoch()
                + ", goes to group " + shard.target() + " (" + move.describe() + "), " + range(shard);
        GroupLine owner = group(fleet, shard.group());
        GroupLine target = group(fleet, shard.target());
        GroupLine stuck = stuck(move, owner, target, fleet.controller());
        if (stuck != null) {
            return new Explanation(name, is, move.since(), noLeader(stuck), down(stuck), election(stuck));
        }
        String waits = move.waitsFor();
        List<String> whom = new ArrayList<>();
        if (!move.lags().isEmpty()) {
            whom.add(move.lags());
        }
        if (waits.isEmpty() && move.phase().equals("unknown")) {
            waits = "a report of the leader of group " + shard.target() + ", which drives the move";
            if (target != null) {
                whom.add(target.leader());
            }
        }
        return new Explanation(name, is, move.since(), waits, whom, nextStep(shard, move));
    }

    /** Of the groups that the next step needs the first without a leader, or null. */
    private static GroupLine stuck(MoveLine move, GroupLine owner, GroupLine target, GroupLine controller) {
        List<GroupLine> needed = new ArrayList<>();
        if (move.cancelled()) {
            needed.add(owner);
        } else if (move.phase().equals("adopted")) {
            needed.add(controller);
        } else if (move.isFrozen()) {
            needed.add(target);
        } else {
            needed.add(owner);
            needed.add(target);
        }
        return needed.stream()
                .filter(Objects::nonNull)
                .filter(group -> group.leader().isEmpty())
                .findFirst()
                .orElse(null);
    }

    private static String nextStep(ShardLine shard, MoveLine move) {
        String owner = "group " + shard.group();
        String target = "group " + shard.target();
        if (move.cancelled() && !move.isFrozen() && !move.phase().equals("adopted")) {
            return owner + " takes the cancel into its log, and the shard stays";
        }
        return switch (move.phase()) {
            case "copying" ->
                owner + " freezes the shard once each live voter of " + target + " lacks less than 1 MiB of changes";
            case "frozen" -> target + " takes the shard into its log, and serves it";
            case "adopted" -> "the controller writes the new owner into a configuration";
            default -> owner + " takes the move into its log, and the replicas of " + target + " copy";
        };
    }

    // ---- groups ----

    /** Null if there is no such group. */
    public static Explanation ofGroup(FleetStatus fleet, long id) {
        GroupLine group = id == fleet.controller().id() ? fleet.controller() : group(fleet, id);
        if (group == null) {
            return null;
        }
        List<Long> coming = fleet.shards().stream()
                .filter(shard -> shard.target() == id && id != 0)
                .map(ShardLine::id)
                .toList();
        List<Long> going = fleet.shards().stream()
                .filter(shard -> shard.group() == id && shard.target() != 0)
                .map(ShardLine::id)
                .toList();
        String is = (id == 0 ? "the controller, " : "") + group.state() + ", "
                + (group.leader().isEmpty()
                        ? "without a leader"
                        : "led by " + group.leader() + " in term " + group.term())
                + ", replicas " + String.join(",", group.nodes())
                + (id == 0 ? "" : ", " + group.shards().size() + " shards")
                + (coming.isEmpty() ? "" : ", gets " + coming)
                + (going.isEmpty() ? "" : ", gives away " + going);
        String name = "group " + id;
        if (group.leader().isEmpty()) {
            return new Explanation(name, is, 0, noLeader(group), down(group), election(group));
        }
        List<String> down = down(group);
        if (group.state().equals("leaving")) {
            return leaving(fleet, group, is, going);
        }
        if (!down.isEmpty()) {
            return new Explanation(
                    name,
                    is,
                    0,
                    "nothing, but " + down.size() + " of its "
                            + group.replicas().size() + " replicas do not answer",
                    down,
                    "start these nodes: they catch up by themselves");
        }
        return new Explanation(
                name,
                is,
                0,
                coming.isEmpty() && going.isEmpty() ? "" : "the end of its moves",
                List.of(),
                coming.isEmpty() && going.isEmpty() ? NOTHING : "'flotilla explain shard N' tells how far each is");
    }

    private static Explanation leaving(FleetStatus fleet, GroupLine group, String is, List<Long> going) {
        String name = "group " + group.id();
        List<Long> staying = new ArrayList<>(group.shards());
        staying.removeAll(going);
        if (!going.isEmpty()) {
            return new Explanation(
                    name,
                    is,
                    0,
                    "the moves of shards " + going,
                    List.of(),
                    "'flotilla explain shard " + going.get(0) + "' tells how far that one is");
        }
        if (!staying.isEmpty()) {
            return new Explanation(
                    name,
                    is,
                    0,
                    "targets for shards " + staying,
                    fleet.controller().leader().isEmpty() ? down(fleet.controller()) : List.of(),
                    "the controller gives them targets; 'flotilla rebalance' asks it to, if their moves were cancelled");
        }
        return new Explanation(
                name,
                is,
                0,
                "its replicas to delete what they gave away",
                group.nodes(),
                "the leader deletes once all live voters of the new owners have the shards, after 10 minutes at most;"
                        + " then the controller ends the group");
    }

    // ---- nodes ----

    /** Null if there is no such node. */
    public static Explanation ofNode(FleetStatus fleet, String id) {
        for (NodeLine node : fleet.nodes()) {
            if (node.id().equals(id)) {
                return ofNode(fleet, node);
            }
        }
        return null;
    }

    private static Explanation ofNode(FleetStatus fleet, NodeLine node) {
        List<Long> replicas = new ArrayList<>();
        List<Long> alone = new ArrayList<>();
        List<GroupLine> groups = new ArrayList<>(fleet.groups());
        groups.add(0, fleet.controller());
        for (GroupLine group : groups) {
            if (group.nodes().contains(node.id())) {
                replicas.add(group.id());
                if (group.leader().isEmpty()) {
                    alone.add(group.id());
                }
            }
        }
        String is = node.state() + " at " + node.address() + ", duty " + node.duty() + ", " + replicas.size()
                + " replicas, leads " + node.leaders();
        String name = "node " + node.id();
        return switch (node.state()) {
            case "removed" ->
                new Explanation(name, is, node.since(), "", List.of(), "nothing: it is not of the fleet any more");
            case "down" ->
                new Explanation(
                        name,
                        is,
                        node.since(),
                        "its process, which does not answer"
                                + (alone.isEmpty() ? "" : "; groups " + alone + " have no leader"),
                        List.of(node.id()),
                        "start it, or see its log: it catches up by itself");
            case "starting" ->
                new Explanation(
                        name,
                        is,
                        node.since(),
                        node.reason(),
                        List.of(node.id()),
                        "it serves once each of its replicas knows a leader and has applied what was committed");
            case "unready" ->
                new Explanation(
                        name,
                        is,
                        node.since(),
                        node.reason(),
                        List.of(),
                        "its connections to the other nodes of these groups, and whether those run; it is ready again by itself");
            default -> new Explanation(name, is, node.since(), "", List.of(), NOTHING);
        };
    }

    // ---- what they share ----

    private static GroupLine group(FleetStatus fleet, long id) {
        return fleet.groups().stream()
                .filter(group -> group.id() == id)
                .findFirst()
                .orElse(null);
    }

    private static String title(GroupLine group) {
        return group.id() == 0 ? "the controller's group" : "group " + group.id();
    }

    private static String noLeader(GroupLine group) {
        int down = down(group).size();
        return "a leader of " + title(group)
                + (down == 0
                        ? ""
                        : ", of which " + down + " of " + group.replicas().size() + " replicas do not answer");
    }

    private static String election(GroupLine group) {
        int all = group.replicas().size();
        int up = all - down(group).size();
        return up > all / 2
                ? "its replicas elect a leader, within seconds"
                : "start these nodes until " + (all / 2 + 1) + " of the " + all + " replicas of " + title(group)
                        + " are there; then it goes on by itself";
    }

    /** The nodes of its replicas that do not answer, or whose replica was halted. */
    private static List<String> down(GroupLine group) {
        TreeSet<String> down = new TreeSet<>();
        for (ReplicaLine replica : group.replicas()) {
            if (replica.role().equals("unknown") || replica.role().equals("halted")) {
                down.add(replica.node());
            }
        }
        return List.copyOf(down);
    }
}
