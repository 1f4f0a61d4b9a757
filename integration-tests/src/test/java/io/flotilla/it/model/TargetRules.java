package io.flotilla.it.model;

/**
 * B as the target of a move: each replica copies for itself out of whatever replica of A it reaches, however far that one lags;
 * the leader proposes Adopt once A is frozen, and Cancel for holds whose move is over.
 */
final class TargetRules {
    private final Size size;
    private final Fault fault;
    private final RaftRules raft;
    private final Logs logs;

    TargetRules(Size size, Fault fault, RaftRules raft, Logs logs) {
        this.size = size;
        this.fault = fault;
        this.raft = raft;
        this.logs = logs;
    }

    void addTo(Steps steps, State state) {
        for (int m = 1; m <= state.course().started(); m++) {
            if (state.course().back(m)) {
                continue;
            }
            for (int i = 0; i < State.REPLICAS; i++) {
                Replica replica = state.replica(i);
                if (!replica.up()) {
                    continue;
                }
                copy(steps, state, i, m);
                faults(steps, state, i, m);
                if (replica.leads() && raft.hasApplied(replica)) {
                    adopt(steps, state, i, m);
                    cancel(steps, state, i, m);
                }
            }
        }
    }

    /** While its fence is below m: the next part of the copy, or a round, in one batch, while the hold exists. */
    private void copy(Steps steps, State state, int i, int m) {
        Replica replica = state.replica(i);
        if (replica.engine().shard().fence() >= m) {
            return;
        }
        Hold hold = replica.engine().hold(m);
        for (long known : state.a().past()) {
            Shard view = new Shard(known);
            if (!view.sourceOf(m)) {
                continue;
            }
            boolean heals = known == state.a().shard().bits();
            if (!hold.complete()) {
                copied(steps, state, i, m, hold.copiedFrom(view, size.views(), fault), heals, Step.COPIES);
            } else if (view.csn() > hold.csn()) {
                copied(steps, state, i, m, hold.round(view, hold.csn(), fault), heals, Step.ROUND);
            } else if (fault == Fault.PULL_FROM_A_SOURCE_BELOW_THE_HOLD && view.csn() < hold.csn()) {
                copied(steps, state, i, m, hold.round(view, view.start(), fault), false, Step.ROUND);
            }
        }
    }

    private static void copied(Steps steps, State state, int i, int m, Hold hold, boolean heals, Step step) {
        Replica replica = state.replica(i);
        if (!hold.equals(replica.engine().hold(m))) {
            State after = state.with(i, replica.withEngine(replica.engine().withHold(m, hold)));
            steps.add(after, heals, step, i, 0, m);
        }
    }

    /**
     * Adopt(m, c*): proposed by a leader that has the hold, with a majority that told theirs; c* is the least of the csns held.
     * One guarded entry at a time.
     */
    private void adopt(Steps steps, State state, int i, int m) {
        Replica leader = state.replica(i);
        Shard frozen = state.a().frozenBy(m);
        if (frozen == null || guardedIsOpen(leader)) {
            return;
        }
        int own = held(leader, m, frozen);
        int tried = 0;
        for (int j = 0; j < State.REPLICAS; j++) {
            int least = Math.min(own, held(state.replica(j), m, frozen));
            if (j == i || least < 0 || (tried & 1 << least) != 0) {
                continue;
            }
            tried |= 1 << least;
            boolean heals = i == state.leader() && state.a().shard().frozenBy(m);
            raft.propose(steps, state, i, raft.ahead(state, leader), Entry.adopt(m, least), heals);
        }
    }

    /** The csn up to which a replica holds the shard; one whose fence is at m has no hold and needs none; -1 for none. */
    private int held(Replica replica, int m, Shard frozen) {
        Hold hold = raft.told(replica, m);
        if (hold.complete()) {
            return hold.csn();
        }
        return replica.engine().shard().fence() >= m ? frozen.csn() : -1;
    }

    private boolean guardedIsOpen(Replica leader) {
        for (int n = leader.engine().applied(); n < logs.length(leader.log()); n++) {
            if (Entry.kind(logs.entry(leader.log(), n)) == Entry.ADOPT) {
                return true;
            }
        }
        return false;
    }

    /** Cancel(m): for a hold above the fence whose move a configuration shows as over. */
    private void cancel(Steps steps, State state, int i, int m) {
        Replica leader = state.replica(i);
        boolean over = state.course().over(m)
                || (fault == Fault.CANCEL_AT_THE_TARGET_WHEN_MARKED
                        && state.course().marked(m));
        if (!over || leader.engine().shard().fence() >= m || fault == Fault.CANCEL_ONLY_AT_THE_SOURCE) {
            return;
        }
        for (int j = 0; j < State.REPLICAS; j++) {
            if (state.replica(j).engine().hold(m).copied() > 0) {
                Engine ahead = raft.ahead(state, leader);
                raft.propose(steps, state, i, ahead, Entry.of(Entry.CANCEL, m), i == state.leader());
                return;
            }
        }
    }

    /** What replicas do only when a rule is left out. */
    private void faults(Steps steps, State state, int i, int m) {
        Replica replica = state.replica(i);
        Engine engine = replica.engine();
        if (fault == Fault.HOLD_DELETED_BY_CONFIGURATION
                && state.course().over(m)
                && engine.hold(m).copied() > 0) {
            State after = state.with(i, replica.withEngine(engine.withHold(m, Hold.NONE)));
            steps.add(after, false, Step.HOLD_DELETED, i, 0, m);
        }
        if (fault == Fault.ROUND_OVER_A_GAP && state.course().crashes() > 0) {
            roundOverAGap(steps, state, i, m);
        }
        if (fault == Fault.LATE_ROUND_AFTER_ADOPT
                && engine.shard().serves()
                && engine.shard().fence() >= m) {
            for (long known : state.a().past()) {
                Shard view = new Shard(known);
                Shard over = view.sourceOf(m) ? engine.shard().overwrittenBy(view) : engine.shard();
                if (over.bits() != engine.shard().bits()) {
                    State after = state.with(i, replica.withEngine(engine.withShard(over)));
                    steps.add(after, false, Step.LATE_ROUND, i, 0, m);
                }
            }
        }
    }

    /** A round that was asked for before a crash, on top of a csn that the crash took back, is written after the restart. */
    private void roundOverAGap(Steps steps, State state, int i, int m) {
        Replica replica = state.replica(i);
        int asked = replica.engine().hold(m).csn();
        Replica restarted = replica.crashed().restarted();
        Hold hold = restarted.engine().hold(m);
        if (!hold.complete() || hold.csn() >= asked) {
            return;
        }
        for (long known : state.a().past()) {
            Shard view = new Shard(known);
            if (view.sourceOf(m) && view.csn() > asked) {
                Engine engine = restarted.engine().withHold(m, hold.round(view, asked, fault));
                State after = state.with(i, restarted.withEngine(engine))
                        .with(state.course().oneCrashLess());
                steps.add(after, false, Step.ROUND_OVER_A_GAP, i, 0, m);
            }
        }
    }
}
