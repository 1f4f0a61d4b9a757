package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Watches a group's replicas and fails on the first violation of a safety property (Raft paper, figure 3). */
final class SafetyOracle {
    private final Map<Long, NodeId> leaders = new TreeMap<>();
    private final Map<Long, Integer> leaderLogSize = new TreeMap<>();
    private final Map<NodeId, long[]> seen = new TreeMap<>();
    private final List<Entry> committed = new ArrayList<>();
    private final List<Long> committedInTerm = new ArrayList<>();

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
        Check.that(state.last() == replica.memory.size(), "%s wrote another log than it has", replica.id);
        for (int i = committed.size(); i < state.committed(); i++) {
            committed.add(replica.memory.get(i));
            committedInTerm.add(state.term());
        }
        if (state.role() == RoleName.LEADER) {
            observeLeader(replica, state);
        }
        for (int i = (int) replica.answeredApply; i < replica.applied.size(); i++) {
            Entry entry = replica.applied.get(i);
            Check.that(entry.equals(committed.get(i)), "state-machine safety: %s applied %s", replica.id, entry);
            Check.that(
                    i < replica.disk.size() && entry.equals(replica.disk.get(i)),
                    "%s applied %s, which is not durable there",
                    replica.id,
                    entry);
        }
    }

    private void observeLeader(TestReplica replica, SoftState state) {
        NodeId other = leaders.putIfAbsent(state.term(), replica.id);
        Check.that(
                other == null || other.equals(replica.id),
                "election safety: %s and %s lead term %s",
                other,
                replica.id,
                state.term());
        Integer size = leaderLogSize.put(state.term(), replica.memory.size());
        if (size != null) {
            Check.that(replica.memory.size() >= size, "leader append-only: the log of %s shrank", replica.id);
            return;
        }
        for (int i = 0; i < committed.size(); i++) {
            Check.that(
                    committedInTerm.get(i) >= state.term()
                            || (i < replica.memory.size()
                                    && replica.memory.get(i).equals(committed.get(i))),
                    "leader completeness: %s leads term %s without %s",
                    replica.id,
                    state.term(),
                    committed.get(i));
        }
    }

    /** Log matching over all pairs, and that no replica contradicts what is committed. */
    void observeLogs(List<TestReplica> replicas) {
        for (int first = 0; first < replicas.size(); first++) {
            List<Entry> a = replicas.get(first).memory;
            for (int second = first + 1; second < replicas.size(); second++) {
                List<Entry> b = replicas.get(second).memory;
                boolean mustMatch = false;
                for (int i = Math.min(a.size(), b.size()) - 1; i >= 0; i--) {
                    mustMatch |= a.get(i).term() == b.get(i).term();
                    Check.that(
                            !mustMatch || a.get(i).equals(b.get(i)),
                            "log matching: %s and %s at index %s",
                            replicas.get(first).id,
                            replicas.get(second).id,
                            i + 1);
                }
            }
            long known = Math.min(replicas.get(first).state().committed(), Math.min(a.size(), committed.size()));
            for (int i = 0; i < known; i++) {
                Check.that(
                        a.get(i).equals(committed.get(i)),
                        "committed %s was replaced by %s",
                        committed.get(i),
                        a.get(i));
            }
        }
    }
}
