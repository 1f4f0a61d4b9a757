package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Watches a group's replicas and fails on the first violation of a safety property (Raft paper, figure 3). */
final class SafetyOracle {
    private final Map<Long, NodeId> leaders = new TreeMap<>();
    private final Map<Long, Long> leaderLogSize = new TreeMap<>();
    private final Map<NodeId, long[]> seen = new TreeMap<>();
    private final List<Entry> committed = new ArrayList<>();
    private final List<Long> committedInTerm = new ArrayList<>();
    private final Map<NodeId, TestLog> disks = new TreeMap<>();

    SafetyOracle(List<TestReplica> replicas) {
        replicas.forEach(replica -> disks.put(replica.id, replica.disk));
    }

    List<Entry> committed() {
        return committed;
    }

    long committedIndex() {
        return committed.size();
    }

    /** The replica starts anew: its commit index may begin below. */
    void restarted(TestReplica replica) {
        seen.remove(replica.id);
    }

    /** To be called after each drain of the replica. */
    void observe(TestReplica replica) {
        SoftState state = replica.state();
        long[] before = seen.computeIfAbsent(replica.id, id -> new long[2]);
        Check.that(state.committed() >= before[0], "the commit index of %s fell", replica.id);
        Check.that(state.term() >= before[1], "the term of %s fell", replica.id);
        before[0] = state.committed();
        before[1] = state.term();
        observeMembership(replica);
        Check.that(state.last() == replica.memory.lastIndex(), "%s wrote another log than it has", replica.id);
        if (state.role() == RoleName.LEADER && state.committed() > committed.size()) {
            observeCommit(replica, state.committed());
        }
        for (int i = committed.size(); i < state.committed(); i++) {
            committed.add(replica.memory.get(i + 1));
            committedInTerm.add(state.term());
        }
        if (state.role() == RoleName.LEADER) {
            observeLeader(replica, state);
        }
        for (int i = (int) replica.answeredApply; i < replica.applied.size(); i++) {
            Entry entry = replica.applied.get(i);
            Check.that(entry.equals(committed.get(i)), "state-machine safety: %s applied %s", replica.id, entry);
            Check.that(
                    entry.equals(replica.disk.get(i + 1)),
                    "%s applied %s, which is not durable there",
                    replica.id,
                    entry);
        }
    }

    /** What is in force is what the log says, also after it was cut. */
    private static void observeMembership(TestReplica replica) {
        Membership inLog = replica.memory.membership;
        for (MembershipEntry entry : replica.memory.memberships()) {
            inLog = entry.membership();
        }
        Membership inForce = replica.core.membership().membership();
        Check.that(inForce.equals(inLog), "%s goes by %s, its log says %s", replica.id, inForce, inLog);
    }

    /**
     * What a leader commits is on the disks of all the majorities it needs: by the membership at the entry, or by a later
     * one that was in its log by then.
     */
    private void observeCommit(TestReplica leader, long index) {
        Entry entry = leader.memory.get(index);
        Membership membership = leader.core.membershipAt(index);
        boolean isHeld = isHeld(membership, entry);
        for (MembershipEntry later : leader.memory.memberships()) {
            isHeld |= later.index() > index && isHeld(later.membership(), entry);
        }
        Check.that(isHeld, "%s commits %s, which is not on the disks of a quorum of %s", leader.id, entry, membership);
    }

    private boolean isHeld(Membership membership, Entry entry) {
        return isOnDisks(membership.voters(), entry)
                && (membership.outgoing().isEmpty() || isOnDisks(membership.outgoing(), entry));
    }

    private boolean isOnDisks(Set<NodeId> voters, Entry entry) {
        int count = 0;
        for (NodeId voter : voters) {
            TestLog disk = disks.get(voter);
            boolean holds = entry.index() <= disk.base.index() || entry.equals(disk.get(entry.index()));
            count += holds ? 1 : 0;
        }
        return 2 * count > voters.size();
    }

    private void observeLeader(TestReplica replica, SoftState state) {
        NodeId other = leaders.putIfAbsent(state.term(), replica.id);
        Check.that(
                other == null || other.equals(replica.id),
                "election safety: %s and %s lead term %s",
                other,
                replica.id,
                state.term());
        Long size = leaderLogSize.put(state.term(), replica.memory.lastIndex());
        if (size != null) {
            Check.that(replica.memory.lastIndex() >= size, "leader append-only: the log of %s shrank", replica.id);
            return;
        }
        for (int i = 0; i < committed.size(); i++) {
            Check.that(
                    committedInTerm.get(i) >= state.term()
                            || i < replica.memory.base.index()
                            || committed.get(i).equals(replica.memory.get(i + 1)),
                    "leader completeness: %s leads term %s without %s",
                    replica.id,
                    state.term(),
                    committed.get(i));
        }
    }

    /** Log matching over all pairs, and that no replica contradicts what is committed. */
    void observeLogs(List<TestReplica> replicas) {
        for (int first = 0; first < replicas.size(); first++) {
            TestLog a = replicas.get(first).memory;
            for (int second = first + 1; second < replicas.size(); second++) {
                TestLog b = replicas.get(second).memory;
                boolean mustMatch = false;
                long from = Math.max(a.base.index(), b.base.index());
                for (long i = Math.min(a.lastIndex(), b.lastIndex()); i >= Math.max(1, from); i--) {
                    mustMatch |= a.termAt(i) == b.termAt(i);
                    Check.that(
                            !mustMatch
                                    || (a.termAt(i) == b.termAt(i)
                                            && (i == from || a.get(i).equals(b.get(i)))),
                            "log matching: %s and %s at index %s",
                            replicas.get(first).id,
                            replicas.get(second).id,
                            i);
                }
            }
            // as it was when the replica was drained last, for so is its log here
            long[] drained = seen.getOrDefault(replicas.get(first).id, new long[2]);
            long known = Math.min(drained[0], Math.min(a.lastIndex(), committed.size()));
            for (long i = Math.max(1, a.base.index()); i <= known; i++) {
                Entry entry = committed.get((int) i - 1);
                Check.that(
                        a.termAt(i) == entry.term()
                                && (i == a.base.index() || a.get(i).equals(entry)),
                        "committed %s was replaced by %s",
                        entry,
                        a.get(i));
            }
        }
    }
}
