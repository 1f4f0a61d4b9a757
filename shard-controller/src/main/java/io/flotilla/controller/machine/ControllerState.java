package io.flotilla.controller.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Label;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.controller.decide.FeatureLevels;
import io.flotilla.controller.decide.FleetChanges;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.ControllerSnapshot;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;

/**
 * What the controller knows: configurations, what each present group was created with, the next ids, who owes drops, and what the
 * last commands did. Changed by commands alone, which are deterministic. Belongs to its machine's lane.
 */
final class ControllerState {
    private static final int MAX_LABELS = 32;
    private static final int MAX_TEXT = 256;

    private final ConfigurationListener listener;
    private final Configurations configurations = new Configurations();
    private final TreeMap<Long, CreationRecord> creations = new TreeMap<>();
    private final AnsweredRequests answered = new AnsweredRequests();
    private long nextGroup = 1;
    private long nextShard = 1;
    private final OpenDrops drops = new OpenDrops();
    /** The newest configuration that changed what a plan is made from. */
    private long plannedIn;

    ControllerState(ConfigurationListener listener) {
        this.listener = listener;
    }

    Optional<Configuration> newest() {
        return Optional.ofNullable(configurations.newest());
    }

    Optional<Configuration> query(long number) {
        return configurations.query(number);
    }

    Optional<ControllerResult> answered(ByteString requestId) {
        return Optional.ofNullable(answered.find(requestId));
    }

    Optional<ControllerView> view() {
        return newest().map(newest -> new ControllerView(newest, nextGroup, drops.owing()));
    }

    List<MoveReport> awaitedDrops(LongPredicate group, int most) {
        return drops.of(group, most);
    }

    /** Does what the command says, unless one with its request id did that before. */
    ControllerResult apply(ControllerCommand command) {
        ByteString id = command.getRequestId();
        if (id.isEmpty()) {
            return execute(command);
        }
        if (id.size() > AnsweredRequests.MAX_ID_BYTES) {
            return new ControllerResult.Refused(
                    "a request id has at most " + AnsweredRequests.MAX_ID_BYTES + " bytes, not " + id.size());
        }
        ControllerResult before = answered.find(id);
        if (before != null) {
            return before;
        }
        ControllerResult result = execute(command);
        answered.add(id, result);
        return result;
    }

    private ControllerResult execute(ControllerCommand command) {
        return switch (command.getBodyCase()) {
            case FOUND -> found(command.getFound());
            case REGISTER_NODE -> register(command.getRegisterNode());
            case MAKE_GROUP, LET_GROUP_LEAVE, SET_TARGETS, MOVE_SHARD, CANCEL_SHARD -> change(command);
            case SETTLE_MOVES -> settle(command);
            case BODY_NOT_SET -> throw new IllegalStateException("a command without a body was let through");
        };
    }

    private ControllerResult found(FoundFleet found) {
        if (!configurations.isEmpty()) {
            Configuration newest = configurations.newest();
            return newest.getFleetId().equals(found.getFleetId())
                    ? new ControllerResult.Done(newest.getNumber(), false)
                    : foreign(found.getFleetId(), newest);
        }
        String objection = Placement.objection(found);
        if (objection != null) {
            return new ControllerResult.Refused(objection);
        }
        Configuration first = Placement.founding(found);
        List<CreationRecord> created = Placement.creationRecords(first);
        nextGroup = first.getGroupsCount() + 1L;
        nextShard = first.getShardsCount() + 1L;
        return publish(first, created);
    }

    private ControllerResult register(RegisterNode command) {
        if (configurations.isEmpty()) {
            return unfounded();
        }
        Configuration newest = configurations.newest();
        if (!newest.getFleetId().equals(command.getFleetId())) {
            return foreign(command.getFleetId(), newest);
        }
        Node node = command.getNode();
        String objection = objection(node);
        if (objection != null) {
            return new ControllerResult.Refused(objection);
        }
        for (int i = 0; i < newest.getNodesCount(); i++) {
            if (newest.getNodes(i).getId().equals(node.getId())) {
                return register(node, newest, i);
            }
        }
        return new ControllerResult.Refused("node " + node.getId() + " is not a node of fleet " + newest.getFleetId());
    }

    private ControllerResult register(Node node, Configuration newest, int at) {
        Node known = newest.getNodes(at);
        if (known.getDuty() == NodeDuty.NODE_DUTY_REMOVED) {
            return new ControllerResult.Refused("node " + node.getId() + " was taken out of fleet "
                    + newest.getFleetId() + ": start it with an empty directory and a new id");
        }
        String below = FeatureLevels.objection(node, newest);
        if (below != null) {
            return new ControllerResult.Refused(below);
        }
        Node registered = node.toBuilder().setDuty(known.getDuty()).build();
        if (registered.equals(known)) {
            return new ControllerResult.Done(newest.getNumber(), false);
        }
        Configuration.Builder next =
                newest.toBuilder().setNumber(newest.getNumber() + 1).setNodes(at, registered);
        return publish(
                next.setFeatureLevel(FeatureLevels.of(next.getNodesList(), newest.getFeatureLevel()))
                        .build(),
                List.of());
    }

    /** What an operator wants. */
    private ControllerResult change(ControllerCommand command) {
        if (configurations.isEmpty()) {
            return unfounded();
        }
        if (command.getComputedFrom() > 0 && command.getComputedFrom() < plannedIn) {
            return new ControllerResult.Outdated();
        }
        Configuration newest = configurations.newest();
        FleetChanges.Decision decision = FleetChanges.decide(newest, command, nextGroup, drops::owes);
        if (decision.refusal() != null) {
            return new ControllerResult.Refused(decision.refusal());
        }
        if (decision.next() == null) {
            return new ControllerResult.Done(newest.getNumber(), false);
        }
        plannedIn = decision.next().getNumber();
        List<CreationRecord> created = List.of();
        if (command.hasMakeGroup()) {
            created = Placement.creationRecords(decision.next());
            nextGroup++;
        }
        return publish(decision.next(), created);
    }

    private ControllerResult settle(ControllerCommand command) {
        if (configurations.isEmpty()) {
            return unfounded();
        }
        Configuration newest = configurations.newest();
        String objection = FleetChanges.objection(newest, command.getFleetId());
        if (objection != null) {
            return new ControllerResult.Refused(objection);
        }
        Settlement settlement = new Settlement(newest, drops);
        Configuration next = settlement.settle(command.getSettleMoves().getReportsList());
        if (next == null) {
            return new ControllerResult.Done(newest.getNumber(), false);
        }
        if (settlement.isAnyStaying()) {
            plannedIn = next.getNumber();
        }
        return publish(next, List.of());
    }

    private static ControllerResult unfounded() {
        return new ControllerResult.Refused("the fleet has no configuration yet");
    }

    /** Why the node can't be known so: one line; null if it can. */
    private static String objection(Node node) {
        if (node.getAddress().isEmpty()) {
            return "node " + node.getId() + " registers without an address";
        }
        if (node.getFeatureLevel() < 1) {
            return "node " + node.getId() + " registers without a feature level: start it with the fleet's release";
        }
        if (node.getLabelsCount() > MAX_LABELS) {
            return "node " + node.getId() + " has " + node.getLabelsCount() + " labels, but at most " + MAX_LABELS
                    + " are allowed";
        }
        String last = "";
        for (Label label : node.getLabelsList()) {
            if (label.getKey().compareTo(last) <= 0) {
                return "node " + node.getId() + " registers labels whose keys do not ascend: after '" + last
                        + "' comes '" + label.getKey() + "'";
            }
            if (label.getKey().length() > MAX_TEXT || label.getValue().length() > MAX_TEXT) {
                return "node " + node.getId() + " registers a label of more than " + MAX_TEXT + " characters";
            }
            last = label.getKey();
        }
        return null;
    }

    private static ControllerResult foreign(String fleetId, Configuration newest) {
        return new ControllerResult.Refused("this is fleet " + newest.getFleetId() + ", not fleet '" + fleetId + "'");
    }

    private ControllerResult publish(Configuration configuration, List<CreationRecord> created) {
        configurations.add(configuration);
        created.forEach(record -> creations.put(record.getGroup(), record));
        if (creations.size() > configuration.getGroupsCount()) {
            Set<Long> present = new HashSet<>();
            configuration.getGroupsList().forEach(group -> present.add(group.getId()));
            creations.keySet().retainAll(present);
        }
        listener.applied(configuration, created);
        return new ControllerResult.Done(configuration.getNumber(), true);
    }

    /** All of it; the format and the index are not its own. */
    ControllerSnapshot.Builder snapshot() {
        ControllerSnapshot.Builder snapshot = ControllerSnapshot.newBuilder()
                .addAllOlder(configurations.older())
                .addAllCreations(creations.values())
                .setNextGroup(nextGroup)
                .setNextShard(nextShard)
                .addAllOpenDrops(drops.all())
                .setPlannedIn(plannedIn)
                .addAllAnswered(answered.all());
        newest().ifPresent(snapshot::setNewest);
        return snapshot;
    }

    /** Takes over a snapshot in place of everything here. */
    void take(ControllerSnapshot snapshot) {
        configurations.replace(snapshot.hasNewest() ? snapshot.getNewest() : null, snapshot.getOlderList());
        creations.clear();
        snapshot.getCreationsList().forEach(record -> creations.put(record.getGroup(), record));
        nextGroup = snapshot.getNextGroup();
        nextShard = snapshot.getNextShard();
        drops.replace(snapshot.getOpenDropsList());
        plannedIn = snapshot.getPlannedIn();
        answered.replace(snapshot.getAnsweredList());
        newest().ifPresent(newest -> listener.applied(newest, new ArrayList<>(creations.values())));
    }
}
