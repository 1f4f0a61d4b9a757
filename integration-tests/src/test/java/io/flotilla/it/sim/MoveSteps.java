package io.flotilla.it.sim;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.it.sim.invariant.OneOwner;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Sees how far groups are with moves: shows it to an invariant, and tells each entry of a move when its first replica has applied it. */
final class MoveSteps implements RaftInvariants.AppliedObserver {
    /** Hears of each entry of a move, once. */
    interface Listener {
        /** @param group in whose log it is */
        void applied(KvCommand.KindCase kind, long group, long shard);
    }

    private final OneOwner owners = new OneOwner();
    private final SortedMap<Long, Long> furthest = new TreeMap<>();
    private Listener listener = (kind, group, shard) -> {};

    void tell(Listener newListener) {
        listener = newListener;
    }

    /** How often a shard was served by another group than before. */
    long handovers() {
        return owners.handovers();
    }

    @Override
    public void applied(NodeId node, long group, StateMachine machine, List<Entry> entries) {
        if (group == ControllerService.GROUP) {
            return;
        }
        owners.sees(
                group, machine.appliedIndex(), machine.as(KvStateMachine.class).published());
        long before = furthest.getOrDefault(group, 0L);
        for (Entry entry : entries) {
            if (entry.index() > before && entry.kind() == EntryKind.COMMAND) {
                tell(group, entry);
            }
        }
        furthest.merge(group, machine.appliedIndex(), Math::max);
    }

    private void tell(long group, Entry entry) {
        try {
            KvCommand command = KvCommand.parseFrom(entry.payload());
            switch (command.getKindCase()) {
                case MOVE_OUT ->
                    listener.applied(
                            command.getKindCase(), group, command.getMoveOut().getShard());
                case FREEZE ->
                    listener.applied(
                            command.getKindCase(), group, command.getFreeze().getShard());
                case CANCEL ->
                    listener.applied(
                            command.getKindCase(), group, command.getCancel().getShard());
                case ADOPT ->
                    listener.applied(
                            command.getKindCase(),
                            group,
                            command.getAdopt().getShard().getId());
                case DROP ->
                    listener.applied(
                            command.getKindCase(), group, command.getDrop().getShard());
                default -> {}
            }
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("an entry of group " + group + " can't be read", e);
        }
    }
}
