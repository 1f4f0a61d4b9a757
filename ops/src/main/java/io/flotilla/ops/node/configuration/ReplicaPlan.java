package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.LongFunction;

/**
 * What a node has to do so that the replicas that a configuration places on it are there. Pure: the state here and the
 * configuration are all that it goes by, so it may be asked again at any time, and asks for nothing twice once it was done.
 *
 * <p>A replica is never dropped because a configuration does not place it here: its group's membership decides that. It is
 * dropped when its group has ended, which a configuration says that is newer than the group and does not show it: ids
 * never return.
 */
final class ReplicaPlan {
    /** One thing to do. */
    sealed interface Step {
        long group();
    }

    /** A founding member's replica begins. */
    record Create(CreationRecord record) implements Step {
        @Override
        public long group() {
            return record.getGroup();
        }
    }

    /**
     * A replica begins empty, which nobody counts before the group's leader adds it.
     *
     * @param since the index of the membership that made this node a member; 0 if the first one did, or if it is not known
     */
    record Join(CreationRecord record, long since) implements Step {
        @Override
        public long group() {
            return record.getGroup();
        }
    }

    /** What the group was created with has to be asked for. */
    record Fetch(long group) implements Step {}

    /** The group has ended. */
    record Retire(long group) implements Step {}

    private ReplicaPlan() {}

    /**
     * @param newest null before the first one is known
     * @param controller what the controller's group was created with
     * @param here the groups with a replica here, each with the number of the configuration that created it
     * @param records what a group was created with; null where that is not known here
     */
    static List<Step> steps(
            NodeId self,
            Configuration newest,
            CreationRecord controller,
            SortedMap<Long, Long> here,
            LongFunction<CreationRecord> records) {
        List<Step> steps = new ArrayList<>();
        boolean placed = newest != null && newest.getControllerReplicasList().contains(self.value());
        if (!here.containsKey(ControllerService.GROUP)
                && (placed || controller.getVotersList().contains(self.value()))) {
            steps.add(begin(self, controller, 0));
        }
        if (newest == null) {
            return steps;
        }
        Set<Long> present = new HashSet<>();
        for (Group group : newest.getGroupsList()) {
            present.add(group.getId());
            if (!here.containsKey(group.getId()) && isPlaced(self, group)) {
                CreationRecord record = records.apply(group.getId());
                steps.add(record == null ? new Fetch(group.getId()) : begin(self, record, group.getMembersSince()));
            }
        }
        for (Map.Entry<Long, Long> replica : here.entrySet()) {
            boolean ended = !present.contains(replica.getKey()) && replica.getValue() < newest.getNumber();
            if (ended && replica.getKey() != ControllerService.GROUP) {
                steps.add(new Retire(replica.getKey()));
            }
        }
        return steps;
    }

    /**
     * A creator's replica begins as a member only while the group's members are those that it was created with. Later it may have
     * been one, and left, and come back: it knows nothing of what it promised then.
     */
    private static Step begin(NodeId self, CreationRecord record, long membersSince) {
        return membersSince == 0 && record.getVotersList().contains(self.value())
                ? new Create(record)
                : new Join(record, membersSince);
    }

    private static boolean isPlaced(NodeId self, Group group) {
        return group.getReplicasList().contains(self.value())
                || group.getLearnersList().contains(self.value());
    }
}
