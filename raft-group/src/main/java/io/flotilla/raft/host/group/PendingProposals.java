package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.ProposeResult;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The proposals of one group that nobody has answered yet: those of this turn, and those in the log, by index. Belongs
 * to the group's worker; with the entries themselves a proposal goes over to the applier, which answers it.
 */
final class PendingProposals {
    private static final long RETRY_MILLIS = 20;

    private final GroupReplica replica;
    private final HostState state;
    private final GuardedEntries guarded;
    private final Lane lane;
    private final int max;
    private final ArrayDeque<Event.Proposal> appended = new ArrayDeque<>();
    private final List<Event.Proposal> offered = new ArrayList<>();
    /** How many of those are guarded. */
    private int guardedOffered;

    PendingProposals(GroupReplica replica, HostState state, GuardedEntries guarded) {
        this.replica = replica;
        this.state = state;
        this.guarded = guarded;
        this.lane = replica.worker().lane();
        this.max = state.config.limits().maxPendingProposals();
    }

    /** @return false if it was refused */
    boolean add(Event.Proposal proposal) {
        if (appended.size() + offered.size() >= max) {
            busy(proposal);
            return false;
        }
        offered.add(proposal);
        guardedOffered += proposal.flags() == 0 ? 0 : 1;
        return true;
    }

    private void busy(Event.Proposal proposal) {
        state.counters.busy.increment();
        HostState.refuse(proposal.callback, new Refusal.Busy(RETRY_MILLIS), lane);
    }

    /** In the order in which they came; guarded ones one by one, and only if what they name is held here. */
    void submit(RaftCore core) {
        int from = 0;
        for (int i = 0; guardedOffered > 0 && i < offered.size(); i++) {
            if (offered.get(i).flags() != 0) {
                submit(core, offered.subList(from, i));
                submitGuarded(core, offered.get(i));
                guardedOffered--;
                from = i + 1;
            }
        }
        submit(core, from == 0 ? offered : offered.subList(from, offered.size()));
        offered.clear();
    }

    private void submitGuarded(RaftCore core, Event.Proposal proposal) {
        if (core.leads() && !guarded.mayPropose(core, proposal)) {
            refuse(proposal, "this node does not hold what the command names");
        } else {
            submit(core, List.of(proposal));
        }
    }

    private void refuse(Event.Proposal proposal, String why) {
        HostState.refuse(proposal.callback, new Refusal.Guarded(why), lane);
    }

    private void submit(RaftCore core, List<Event.Proposal> proposed) {
        if (proposed.isEmpty()) {
            return;
        }
        ProposeResult result = core.propose(proposed);
        if (result instanceof ProposeResult.Accepted accepted) {
            for (int i = 0; i < proposed.size(); i++) {
                Event.Proposal proposal = proposed.get(i);
                proposal.term = accepted.term();
                proposal.index = accepted.firstIndex() + i;
                appended.add(proposal);
            }
        } else if (result instanceof ProposeResult.NotLeader notLeader) {
            Refusal refusal = new Refusal.NotLeader(notLeader.leader());
            proposed.forEach(proposal -> HostState.refuse(proposal.callback, refusal, lane));
        } else if (result instanceof ProposeResult.Transferring transferring) {
            Refusal refusal = new Refusal.Transferring(transferring.target(), RETRY_MILLIS);
            proposed.forEach(proposal -> HostState.refuse(proposal.callback, refusal, lane));
        } else if (result instanceof ProposeResult.GuardedLater) {
            String why = "another guarded command is not committed yet, or the leadership has just begun";
            proposed.forEach(proposal -> refuse(proposal, why));
        } else {
            proposed.forEach(this::busy);
        }
    }

    /** The callbacks of committed entries' proposals, parallel to the entries; null if there are none at all. */
    ProposalCallback[] take(List<Entry> entries) {
        if (appended.isEmpty()) {
            return null;
        }
        ProposalCallback[] taken = null;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            while (!appended.isEmpty() && appended.peek().index <= entry.index()) {
                Event.Proposal proposal = appended.poll();
                if (proposal.index == entry.index() && proposal.term == entry.term()) {
                    if (taken == null) {
                        taken = new ProposalCallback[entries.size()];
                    }
                    taken[i] = proposal.callback;
                } else {
                    // another leader's entry is committed in its place: certainly not done
                    HostState.refuse(proposal.callback, new Refusal.NotLeader(replica.leaderHint()), lane);
                }
            }
        }
        return taken;
    }

    /** What was appended under a leadership that is over may or may not be committed by the next one. */
    void leadershipMayHaveEnded(SoftState now) {
        while (!appended.isEmpty() && (now.role() != RoleName.LEADER || appended.peek().term != now.term())) {
            HostState.refuse(appended.poll().callback, new Refusal.Indeterminate(now.leader()), lane);
        }
    }

    /** A snapshot took the place of entries up to {@code index}: what was proposed among them may or may not be in it. */
    void covered(long index) {
        while (!appended.isEmpty() && appended.peek().index <= index) {
            HostState.refuse(appended.poll().callback, new Refusal.Indeterminate(replica.leaderHint()), lane);
        }
    }

    void refuseAll(NodeId leader) {
        guardedOffered = 0;
        offered.forEach(proposal -> HostState.refuse(proposal.callback, new Refusal.NoReplica(), lane));
        offered.clear();
        while (!appended.isEmpty()) {
            HostState.refuse(appended.poll().callback, new Refusal.Indeterminate(leader), lane);
        }
    }
}
