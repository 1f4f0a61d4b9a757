package io.flotilla.controller.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The configurations of a fleet by number. Held in memory alone: each start replays group 0's log from its beginning,
 * so nothing of it ever counts as durable beyond the log. Belongs to the group's applier lane.
 *
 * <p>The newest {@link #KEPT} configurations are kept, and those older ones in which a present group was created: a
 * replica that starts late needs them.
 */
public final class ControllerStateMachine implements StateMachine {
    public static final int KEPT = 1_000;

    private final ConfigurationListener listener;
    private final TreeMap<Long, Configuration> configurations = new TreeMap<>();
    private long applied;

    public ControllerStateMachine(ConfigurationListener listener) {
        this.listener = listener;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    /** Always 0: the whole log is needed again. */
    @Override
    public long durableIndex() {
        return 0;
    }

    /** @return a {@link ControllerResult} per command */
    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            Check.that(entry.index() == applied + 1, "entry %s after %s", entry.index(), applied);
            results.add(entry.kind() == EntryKind.COMMAND ? apply(parse(entry)) : null);
            applied = entry.index();
        }
        return results;
    }

    /** The newest configuration; empty before the founding. */
    public Optional<Configuration> newest() {
        return configurations.isEmpty()
                ? Optional.empty()
                : Optional.of(configurations.lastEntry().getValue());
    }

    /** The configuration of that number; empty if there is none yet or it is no longer kept. */
    public Optional<Configuration> query(long number) {
        return Optional.ofNullable(configurations.get(number));
    }

    @Override
    public void close() {
        configurations.clear();
    }

    private static ControllerCommand parse(Entry entry) {
        try {
            return ControllerCommand.parseFrom(entry.payload());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the controller's log holds no command at index " + entry.index(), e);
        }
    }

    private ControllerResult apply(ControllerCommand command) {
        switch (command.getBodyCase()) {
            case FOUND:
                return found(command.getFound());
            case REGISTER_NODE:
                return register(command.getRegisterNode());
            default:
                throw new IllegalStateException(
                        "the controller's log holds a command that this version does not know: it was written by a"
                                + " newer one");
        }
    }

    private ControllerResult found(FoundFleet found) {
        if (!configurations.isEmpty()) {
            Configuration newest = configurations.lastEntry().getValue();
            return newest.getFleetId().equals(found.getFleetId())
                    ? new ControllerResult.Done(newest.getNumber())
                    : foreign(found.getFleetId(), newest);
        }
        String objection = Placement.objection(found);
        if (objection != null) {
            return new ControllerResult.Refused(objection);
        }
        return publish(Placement.founding(found));
    }

    private ControllerResult register(RegisterNode command) {
        if (configurations.isEmpty()) {
            return new ControllerResult.Refused("the fleet has no configuration yet");
        }
        Configuration newest = configurations.lastEntry().getValue();
        if (!newest.getFleetId().equals(command.getFleetId())) {
            return foreign(command.getFleetId(), newest);
        }
        Node node = command.getNode();
        if (node.getAddress().isEmpty()) {
            return new ControllerResult.Refused("node " + node.getId() + " registers without an address");
        }
        for (int i = 0; i < newest.getNodesCount(); i++) {
            Node known = newest.getNodes(i);
            if (known.getId().equals(node.getId())) {
                if (known.getAddress().equals(node.getAddress())
                        && known.getHttpAddress().equals(node.getHttpAddress())) {
                    return new ControllerResult.Done(newest.getNumber());
                }
                Node moved = known.toBuilder()
                        .setAddress(node.getAddress())
                        .setHttpAddress(node.getHttpAddress())
                        .build();
                return publish(newest.toBuilder()
                        .setNumber(newest.getNumber() + 1)
                        .setNodes(i, moved)
                        .build());
            }
        }
        return new ControllerResult.Refused("node " + node.getId() + " is not a node of fleet " + newest.getFleetId());
    }

    private static ControllerResult foreign(String fleetId, Configuration newest) {
        return new ControllerResult.Refused("this is fleet " + newest.getFleetId() + ", not fleet '" + fleetId + "'");
    }

    private ControllerResult publish(Configuration configuration) {
        configurations.put(configuration.getNumber(), configuration);
        long oldest = configuration.getNumber() - KEPT;
        if (oldest > 0 && !createdAGroup(oldest, configuration)) {
            configurations.remove(oldest);
        }
        listener.applied(configuration);
        return new ControllerResult.Done(configuration.getNumber());
    }

    private static boolean createdAGroup(long number, Configuration newest) {
        for (Group group : newest.getGroupsList()) {
            if (group.getCreatedIn() == number) {
                return true;
            }
        }
        return false;
    }
}
