package io.flotilla.it.model;

/**
 * Raft in B, as far as the hand-over leans on it: elections by a majority of which each vote was durable, appends one entry at
 * a time with the check of the predecessor, commit by a majority in the leader's own term, applying in order, snapshots, and
 * guarded entries. A late or doubled append changes no log, so it is a step only where a guard would refuse it.
 */
final class RaftRules {
    private final Fault fault;
    private final Logs logs;

    RaftRules(Fault fault, Logs logs) {
        this.fault = fault;
        this.logs = logs;
    }

    void addTo(Steps steps, State state) {
        int leader = state.leader();
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            if (!replica.up()) {
                steps.add(state.with(i, replica.restarted()), false, Step.RESTARTS, i, 0, 0);
                continue;
            }
            apply(steps, state, i, leader);
            if (replica.leads()) {
                for (int j = 0; j < State.REPLICAS; j++) {
                    Replica follower = state.replica(j);
                    if (j != i && follower.up() && follower.term() <= replica.term()) {
                        append(steps, state, i, j, i == leader);
                        pullFromPeer(steps, state, i, j, i == leader);
                        snapshot(steps, state, i, j, i == leader);
                    }
                }
            }
            elections(steps, state, i, leader);
            if (state.course().crashes() > 0) {
                if (!replica.engine().equals(replica.flushed())) {
                    steps.add(state.with(i, replica.withFlushed(replica.engine())), true, Step.FLUSHES, i, 0, 0);
                }
                State after =
                        state.with(i, replica.crashed()).with(state.course().oneCrashLess());
                steps.add(after, false, Step.CRASHES, i, 0, 0);
            }
        }
    }

    /**
     * Whether a replica may append an entry: one that is guarded by hold (m, c*) only if this replica has the hold durably, or
     * if its fence is at m already (the entry, or a Cancel, has been through here).
     */
    boolean mayAppend(Replica replica, int entry) {
        if (Entry.kind(entry) != Entry.ADOPT || fault == Fault.ADOPT_WITHOUT_THE_GUARD) {
            return true;
        }
        int m = Entry.subject(entry);
        return told(replica, m).reaches(Entry.least(entry))
                || (fault != Fault.GUARD_IGNORES_THE_FENCE
                        && replica.engine().shard().fence() >= m);
    }

    /** What a replica tells of its hold: what is flushed. */
    Hold told(Replica replica, int m) {
        return (fault == Fault.HOLD_TOLD_BEFORE_THE_FLUSH ? replica.engine() : replica.flushed()).hold(m);
    }

    /** Whether a leader has applied the first entry of its term. */
    boolean hasApplied(Replica leader) {
        int applied = leader.engine().applied();
        return applied > 0 && Entry.term(logs.entry(leader.log(), applied - 1)) == leader.term();
    }

    /** The engine of a replica as it will be once all of its log is applied. */
    Engine ahead(State state, Replica replica) {
        Engine engine = replica.engine();
        for (int n = engine.applied(); n < logs.length(replica.log()); n++) {
            engine = Applied.by(state, engine, logs.entry(replica.log(), n), fault);
        }
        return engine;
    }

    /** A leader's log takes an entry; entries that would do nothing where they stand are left out of the model. */
    void propose(Steps steps, State state, int i, Engine ahead, int entry, boolean heals) {
        if (Applied.by(state, ahead, entry, fault).shard().equals(ahead.shard())) {
            return;
        }
        Replica leader = state.replica(i);
        int inTerm = Entry.inTerm(entry, leader.term());
        State after = state.with(i, leader.withLog(logs.append(leader.log(), inTerm)));
        steps.add(after, heals, Step.PROPOSES, i, 0, inTerm);
    }

    private void append(Steps steps, State state, int i, int j, boolean heals) {
        Replica leader = state.replica(i);
        Replica follower = state.replica(j);
        int common = logs.common(leader.log(), follower.log());
        boolean refuses = false;
        for (int n = 0; n < common; n++) {
            int entry = logs.entry(leader.log(), n);
            if (mayAppend(follower, entry)) {
                continue;
            }
            refuses = true;
            if (!follower.heldBack()) {
                State after = state.with(j, follower.withHeldBack(true));
                steps.add(after, false, Step.LATE_APPEND_REFUSED, j, i, entry);
            }
        }
        if (follower.heldBack()) {
            if (!refuses) {
                steps.add(state.with(j, follower.withHeldBack(false)), heals, Step.HELD_BACK_NO_MORE, j, i, 0);
            }
            return;
        }
        Replica hearing = follower.term() < leader.term() ? follower.inTerm(leader.term(), false) : follower;
        if (common < logs.length(leader.log()) && mayAppend(follower, logs.entry(leader.log(), common))) {
            int entry = logs.entry(leader.log(), common);
            State after = state.with(j, hearing.withLog(logs.append(logs.prefix(follower.log(), common), entry)));
            if (Entry.term(entry) == leader.term()) {
                after = after.with(state.course().committed(common + 1));
            }
            steps.add(after, heals, Step.APPENDS, j, i, entry);
        } else if (hearing != follower) {
            steps.add(state.with(j, hearing), heals, Step.HEARTBEAT, j, i, 0);
        }
    }

    /** A follower that can't append a guarded entry and can't pull from A any more pulls its sender's hold. */
    private void pullFromPeer(Steps steps, State state, int i, int j, boolean heals) {
        Replica leader = state.replica(i);
        Replica follower = state.replica(j);
        int common = logs.common(leader.log(), follower.log());
        if (common == logs.length(leader.log()) || fault == Fault.NO_HOLD_FROM_THE_PEER) {
            return;
        }
        int entry = logs.entry(leader.log(), common);
        int m = Entry.subject(entry);
        if (mayAppend(follower, entry) || !leader.engine().hold(m).complete()) {
            return;
        }
        Hold held = follower.engine().hold(m);
        Hold pulled = held.pulledFrom(leader.engine().hold(m), fault);
        if (!pulled.equals(held)) {
            State after = state.with(j, follower.withEngine(follower.engine().withHold(m, pulled)));
            steps.add(after, heals, Step.PULLS_FROM_PEER, j, i, m);
        }
    }

    /** A leader's applied state, to a follower whose log ends or differs below it; durable when it is installed. */
    private void snapshot(Steps steps, State state, int i, int j, boolean heals) {
        Replica leader = state.replica(i);
        Replica follower = state.replica(j);
        int index = leader.engine().applied();
        if (logs.common(leader.log(), follower.log()) >= index) {
            return;
        }
        Shard shard = leader.engine().shard().inSnapshot(fault);
        Replica installed = follower.inTerm(leader.term(), false)
                .withLog(logs.prefix(leader.log(), index))
                .withFlushed(follower.engine().after(shard, index));
        steps.add(state.with(j, installed), heals, Step.SNAPSHOT, j, i, 0);
    }

    /**
     * A replica applies the next committed entry. That it is committed may reach it in any way; once faults stop, only through
     * a leader that has committed an entry of its own term.
     */
    private void apply(Steps steps, State state, int i, int leader) {
        Replica replica = state.replica(i);
        int applied = replica.engine().applied();
        int commit = state.course().commit();
        if (applied >= Math.min(commit, logs.length(replica.log()))
                || logs.common(replica.log(), longest(state)) <= applied) {
            return;
        }
        boolean heals = false;
        if (leader >= 0) {
            Replica known = state.replica(leader);
            heals = replica.term() == known.term()
                    && commit <= logs.length(known.log())
                    && Entry.term(logs.entry(known.log(), commit - 1)) == known.term();
        }
        int entry = logs.entry(replica.log(), applied);
        Engine after = Applied.by(state, replica.engine(), entry, fault);
        Course course = Applied.noted(state.course(), replica.engine().shard(), after.shard(), entry, false);
        steps.add(state.with(i, replica.withEngine(after)).with(course), heals, Step.APPLIES, i, 0, entry);
    }

    /** The log that would win against all others: it has every committed entry. */
    private int longest(State state) {
        int best = state.b1().log();
        for (int i = 1; i < State.REPLICAS; i++) {
            if (!atLeast(best, state.replica(i).log())) {
                best = state.replica(i).log();
            }
        }
        return best;
    }

    private boolean atLeast(int one, int other) {
        int term = logs.lastTerm(one);
        int otherTerm = logs.lastTerm(other);
        return term > otherTerm || (term == otherTerm && logs.length(one) >= logs.length(other));
    }

    /** An election in one step: the candidate, and one voter whose log is not ahead, are a majority of three. */
    private void elections(Steps steps, State state, int i, int leader) {
        if (i == leader || (leader >= 0 && state.course().elections() == 0)) {
            return;
        }
        int term = state.highestTerm() + 1;
        Course course = leader >= 0 ? state.course().oneElectionLess() : state.course();
        for (int j = 0; j < State.REPLICAS; j++) {
            Replica candidate = state.replica(i);
            Replica voter = state.replica(j);
            if (j == i || !voter.up() || !atLeast(candidate.log(), voter.log())) {
                continue;
            }
            int first = Entry.inTerm(Entry.of(Entry.TERM_BEGINS, 0), term);
            State after = state.with(course);
            for (int k = 0; k < State.REPLICAS; k++) {
                after = after.with(k, after.replica(k).withHeldBack(false));
            }
            after = after.with(i, candidate.inTerm(term, true).withLog(logs.append(candidate.log(), first)))
                    .with(j, voter.inTerm(term, false));
            steps.add(after, leader < 0, Step.ELECTED, i, j, term);
        }
    }
}
