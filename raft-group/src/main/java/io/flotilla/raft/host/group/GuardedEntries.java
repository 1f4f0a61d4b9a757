package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.StateMachine;
import java.util.List;

/**
 * Asks one replica's state machine before the core sees a guarded entry: whatever the core appends, this node holds what it
 * names. Belongs to the group's worker.
 */
final class GuardedEntries {
    private final GroupReplica replica;
    private final HostState state;

    GuardedEntries(GroupReplica replica, HostState state) {
        this.replica = replica;
        this.state = state;
    }

    /** Whether a guarded command may be appended here, if this replica leads. */
    boolean mayPropose(RaftCore core, Event.Proposal proposal) {
        long term = core.softState().term();
        long index = core.last().index() + 1;
        return isHeld(new Entry(term, index, EntryKind.COMMAND, proposal.flags(), proposal.payload()));
    }

    /** A machine that is being closed is not asked any more: the replica appends nothing that it would have to answer for. */
    private boolean isHeld(Entry entry) {
        StateMachine machine = replica.machine().machine();
        EntryGuard guard = machine == null ? null : machine.guard();
        return guard != null && guard.holds(entry);
    }

    /** Gives entries to the core: all of them, or those before the first one that must be held back. */
    void receive(RaftCore core, NodeId from, Message.AppendRequest request) {
        List<Entry> entries = request.entries();
        int cut = firstHeldBack(core, entries);
        if (cut == entries.size()) {
            core.receive(from, request);
            return;
        }
        long index = core.receiveCut(
                from,
                new Message.AppendRequest(
                        request.term(), request.previous(), request.commit(), entries.subList(0, cut)));
        if (index > 0) {
            state.counters.heldBack.increment();
            core.heldBack(index, tell(entries.get(cut), from));
        }
    }

    private int firstHeldBack(RaftCore core, List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if ((entry.flags() & Entry.GUARDED) != 0 && !core.holds(entry.id()) && !isHeld(entry)) {
                return i;
            }
        }
        return entries.size();
    }

    private boolean tell(Entry entry, NodeId from) {
        try {
            return state.listener.heldBack(replica.groupId(), entry, from);
        } catch (RuntimeException | Error e) {
            HostState.report(e, replica.worker().lane());
            return true;
        }
    }
}
