package io.flotilla.controller.decide;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.Target;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;

/**
 * What operators want of a fleet, as functions from the newest configuration to the next one. Pure and deterministic: a command is
 * judged here when it is applied, and a dry run is judged here, too.
 */
public final class FleetChanges {
    /** The level of features from which on a fleet knows groups that come and go, and shards that move. */
    public static final int FEATURE_LEVEL = 2;
    /** More replicas than this no group gets. */
    public static final int MOST_REPLICAS = 9;

    private static final int MOST_NAMES = 10;

    /**
     * What becomes of a wish.
     *
     * @param next the next configuration; null if nothing changes
     * @param refusal one line that says what was wrong and what to do; null if the wish is granted
     */
    public record Decision(Configuration next, String refusal) {
        static final Decision NOTHING = new Decision(null, null);

        static Decision refused(String line) {
            return new Decision(null, line);
        }

        static Decision next(Configuration.Builder next) {
            return new Decision(next.build(), null);
        }
    }

    private FleetChanges() {}

    /** Why a fleet can't do any of this: one line; null if it can. */
    public static String objection(Configuration newest, String fleetId) {
        if (!newest.getFleetId().equals(fleetId)) {
            return "this is fleet " + newest.getFleetId() + ", not fleet '" + fleetId + "'";
        }
        if (newest.getFeatureLevel() >= FEATURE_LEVEL) {
            return null;
        }
        List<String> old = newest.getNodesList().stream()
                .filter(node -> node.getDuty() != NodeDuty.NODE_DUTY_REMOVED && node.getFeatureLevel() < FEATURE_LEVEL)
                .map(Node::getId)
                .toList();
        return "the fleet is at feature level " + newest.getFeatureLevel()
                + ", groups come and go and shards move from level " + FEATURE_LEVEL
                + " on: start these nodes with a newer release first: " + names(old);
    }

    /**
     * Judges a command.
     *
     * @param nextGroup the id that the next group gets
     * @param owesDrops whether a group has to drop shards that went on
     * @throws IllegalArgumentException if the command is none of these
     */
    public static Decision decide(
            Configuration newest, ControllerCommand command, long nextGroup, LongPredicate owesDrops) {
        String objection = objection(newest, command.getFleetId());
        if (objection != null) {
            return Decision.refused(objection);
        }
        return switch (command.getBodyCase()) {
            case MAKE_GROUP -> make(newest, nextGroup, command.getMakeGroup().getReplicasList());
            case LET_GROUP_LEAVE ->
                leave(
                        newest,
                        command.getLetGroupLeave().getGroup(),
                        command.getLetGroupLeave().getTargetsList(),
                        owesDrops);
            case SET_TARGETS -> targets(newest, newest, command.getSetTargets().getTargetsList());
            case MOVE_SHARD -> move(newest, command.getMoveShard());
            case CANCEL_SHARD -> cancel(newest, command.getCancelShard().getShard());
            case FOUND, REGISTER_NODE, SETTLE_MOVES, BODY_NOT_SET ->
                throw new IllegalArgumentException("no wish of an operator: " + command.getBodyCase());
        };
    }

    // ---- groups ----

    private static Decision make(Configuration newest, long id, List<String> replicas) {
        String objection = replicasObjection(newest, replicas);
        if (objection != null) {
            return Decision.refused(objection);
        }
        return Decision.next(next(newest)
                .addGroups(Group.newBuilder()
                        .setId(id)
                        .addAllReplicas(replicas)
                        .setCreatedIn(newest.getNumber() + 1)
                        .setReplication(replicas.size())));
    }

    private static String replicasObjection(Configuration newest, List<String> replicas) {
        if (newest.getGroupsCount() >= Placement.MAX_GROUPS) {
            return "the fleet has " + newest.getGroupsCount() + " groups, and takes no more: let one leave first";
        }
        if (replicas.isEmpty() || replicas.size() > MOST_REPLICAS) {
            return "a group has 1 to " + MOST_REPLICAS + " replicas, not " + replicas.size() + ": name so many nodes";
        }
        Map<String, Node> nodes = new HashMap<>();
        newest.getNodesList().forEach(node -> nodes.put(node.getId(), node));
        Set<String> named = new HashSet<>();
        for (String replica : replicas) {
            Node node = nodes.get(replica);
            if (node == null) {
                return "there is no node '" + replica + "' in the fleet: name some of "
                        + names(newest.getNodesList().stream().map(Node::getId).toList());
            }
            if (!named.add(replica)) {
                return "node " + replica + " is named twice: a group has one replica on a node";
            }
            if (node.getDuty() != NodeDuty.NODE_DUTY_NORMAL) {
                return "node " + replica + " is " + duty(node.getDuty())
                        + " and gets no further replicas: name another one";
            }
        }
        return null;
    }

    private static String duty(NodeDuty duty) {
        return switch (duty) {
            case NODE_DUTY_NORMAL -> "normal";
            case NODE_DUTY_CORDONED -> "cordoned";
            case NODE_DUTY_DRAINING -> "draining";
            case NODE_DUTY_REMOVED -> "removed";
            case UNRECOGNIZED -> throw new IllegalArgumentException("an unknown duty was let through");
        };
    }

    /**
     * The configuration in which the group leaves, its own shards still where they are: what the plan for them is made of.
     */
    public static Decision beginToLeave(Configuration newest, long id) {
        int at = groupAt(newest, id);
        if (at < 0) {
            return Decision.refused(noGroup(id));
        }
        if (FleetPlans.leaves(newest.getGroups(at))) {
            return Decision.refused("group " + id + " is leaving already: wait until it has given its shards away;"
                    + " explain says what it waits for");
        }
        if (newest.getGroupsList().stream()
                        .filter(group -> !FleetPlans.leaves(group))
                        .count()
                == 1) {
            return Decision.refused(
                    "group " + id + " is the last one that takes shards: join another group first, then let it leave");
        }
        Configuration.Builder next = next(newest);
        next.getGroupsBuilder(at).setState(GroupState.GROUP_STATE_LEAVING);
        for (int i = 0; i < newest.getShardsCount(); i++) {
            if (newest.getShards(i).getTarget() == id) {
                next.getShardsBuilder(i).setCancelled(true);
            }
        }
        return Decision.next(next);
    }

    private static Decision leave(Configuration newest, long id, List<Target> targets, LongPredicate owesDrops) {
        Decision leaving = beginToLeave(newest, id);
        if (leaving.refusal() != null) {
            return leaving;
        }
        Decision given = targets.isEmpty() ? leaving : targets(newest, leaving.next(), targets);
        return given.refusal() != null
                ? given
                : new Decision(withoutEnded(given.next().toBuilder(), owesDrops).build(), null);
    }

    /** Takes out the groups that leave, have nothing and are no target, and owe no drops. */
    public static Configuration.Builder withoutEnded(Configuration.Builder next, LongPredicate owesDrops) {
        if (next.getGroupsList().stream().noneMatch(FleetPlans::leaves)) {
            return next;
        }
        Set<Long> needed = new HashSet<>();
        for (Shard shard : next.getShardsList()) {
            needed.add(shard.getGroup());
            needed.add(shard.getTarget());
        }
        List<Group> stay = new ArrayList<>(next.getGroupsCount());
        for (Group group : next.getGroupsList()) {
            if (!FleetPlans.leaves(group) || needed.contains(group.getId()) || owesDrops.test(group.getId())) {
                stay.add(group);
            }
        }
        return stay.size() == next.getGroupsCount() ? next : next.clearGroups().addAllGroups(stay);
    }

    // ---- shards ----

    private static Decision move(Configuration newest, MoveShard wish) {
        int at = shardAt(newest, wish.getShard());
        if (at < 0) {
            return Decision.refused(noShard(wish.getShard()));
        }
        String objection = objection(newest, newest.getShards(at), wish.getTo());
        if (objection != null) {
            return Decision.refused(objection);
        }
        Configuration.Builder next = next(newest);
        next.setShards(at, withTarget(newest.getShards(at), wish.getTo(), next.getNumber()));
        return Decision.next(next);
    }

    private static String objection(Configuration newest, Shard shard, long to) {
        int group = groupAt(newest, to);
        if (group < 0) {
            return noGroup(to);
        }
        if (shard.getTarget() != 0) {
            return moving(shard);
        }
        if (shard.getGroup() == to) {
            return "shard " + shard.getId() + " is in group " + to + " already: there is nothing to move";
        }
        return FleetPlans.leaves(newest.getGroups(group))
                ? "group " + to + " is leaving and takes no shards: name another group"
                : null;
    }

    private static String moving(Shard shard) {
        String what = "shard " + shard.getId() + " is moving to group " + shard.getTarget() + " already (move "
                + shard.getMoveId() + ")";
        return shard.getCancelled()
                ? what + ", and that is being cancelled: try again when it has ended"
                : what + ": wait until it is there, or cancel that move first";
    }

    /**
     * @param numbered the configuration before
     * @param from what is changed: that one, or what a part of this change has made of it already
     */
    private static Decision targets(Configuration numbered, Configuration from, List<Target> targets) {
        if (targets.isEmpty()) {
            return Decision.NOTHING;
        }
        Configuration.Builder next = from.toBuilder().setNumber(numbered.getNumber() + 1);
        Map<Long, Integer> places = new HashMap<>(next.getShardsCount() * 2);
        for (int i = 0; i < next.getShardsCount(); i++) {
            places.put(next.getShards(i).getId(), i);
        }
        Map<Long, Group> groups = new HashMap<>(next.getGroupsCount() * 2);
        next.getGroupsList().forEach(group -> groups.put(group.getId(), group));
        List<Shard> shards = new ArrayList<>(next.getShardsList());
        for (Target target : targets) {
            Integer at = places.get(target.getShard());
            Group to = groups.get(target.getTo());
            if (at == null) {
                return Decision.refused(noShard(target.getShard()));
            }
            if (to == null || FleetPlans.leaves(to)) {
                return Decision.refused("group " + target.getTo() + " takes no shards: plan again");
            }
            Shard shard = shards.get(at);
            if (shard.getTarget() != 0) {
                return Decision.refused(moving(shard));
            }
            if (shard.getGroup() == target.getTo()) {
                return Decision.refused("shard " + shard.getId() + " is in group " + target.getTo() + " already");
            }
            shards.set(at, withTarget(shard, target.getTo(), next.getNumber()));
        }
        return Decision.next(next.clearShards().addAllShards(shards));
    }

    private static Shard withTarget(Shard shard, long to, long move) {
        return shard.toBuilder().setTarget(to).setMoveId(move).build();
    }

    private static Decision cancel(Configuration newest, long id) {
        int at = shardAt(newest, id);
        if (at < 0) {
            return Decision.refused(noShard(id));
        }
        Shard shard = newest.getShards(at);
        if (shard.getTarget() == 0) {
            return Decision.refused("shard " + id + " stays in group " + shard.getGroup()
                    + ": there is no move to cancel; shards lists those that move");
        }
        if (shard.getCancelled()) {
            return Decision.NOTHING;
        }
        Configuration.Builder next = next(newest);
        next.setShards(at, shard.toBuilder().setCancelled(true));
        return Decision.next(next);
    }

    private static Configuration.Builder next(Configuration newest) {
        return newest.toBuilder().setNumber(newest.getNumber() + 1);
    }

    /** Where the group stands; -1 if there is none. */
    public static int groupAt(Configuration configuration, long id) {
        for (int i = 0; i < configuration.getGroupsCount(); i++) {
            if (configuration.getGroups(i).getId() == id) {
                return i;
            }
        }
        return -1;
    }

    /** Where the shard stands; -1 if there is none. */
    public static int shardAt(Configuration configuration, long id) {
        for (int i = 0; i < configuration.getShardsCount(); i++) {
            if (configuration.getShards(i).getId() == id) {
                return i;
            }
        }
        return -1;
    }

    private static String noGroup(long id) {
        return id == 0
                ? "group 0 is the controller's own, and holds no shards: name another group"
                : "there is no group " + id + ": groups lists those that there are";
    }

    private static String noShard(long id) {
        return "there is no shard " + id + ": shards lists those that there are";
    }

    private static String names(List<String> names) {
        String some = String.join(", ", names.subList(0, Math.min(MOST_NAMES, names.size())));
        return names.size() <= MOST_NAMES ? some : some + " and " + (names.size() - MOST_NAMES) + " more";
    }
}
