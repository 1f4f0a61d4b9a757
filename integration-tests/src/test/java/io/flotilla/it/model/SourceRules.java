package io.flotilla.it.model;

/** The controller, the clients, and the entries of the group that has the shard; and group A as the target of a move back. */
final class SourceRules {
    private final Size size;
    private final Fault fault;
    private final RaftRules raft;

    SourceRules(Size size, Fault fault, RaftRules raft) {
        this.size = size;
        this.fault = fault;
        this.raft = raft;
    }

    void addTo(Steps steps, State state) {
        controller(steps, state);
        entriesOfA(steps, state);
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            if (replica.up() && replica.leads() && raft.hasApplied(replica)) {
                entriesOfB(steps, state, i);
            }
        }
    }

    private void controller(Steps steps, State state) {
        Course course = state.course();
        if (!course.anyOpen()) {
            if (course.started() < size.moves()) {
                steps.add(state.with(course.starting()), false, Step.INTENT, 0, 0, course.started() + 1);
            }
            return;
        }
        int m = course.started();
        if (course.cancels() > 0 && !course.marked(m)) {
            steps.add(state.with(course.marking(m)), false, Step.MARKED_CANCELLED, 0, 0, m);
        }
        boolean back = course.back(m);
        if (back ? adopted(state.a().shard(), m) : toldByB(state, m, true, false)) {
            boolean heals = back || toldByB(state, m, true, true);
            steps.add(state.with(course.ended(m, Course.DONE)), heals, Step.OWNER, 0, 0, m);
        }
        boolean unasked = fault == Fault.CLEARED_WHEN_MARKED && course.marked(m);
        if (unasked
                || (back ? toldByB(state, m, false, false) : cancelled(state.a().shard(), m))) {
            boolean heals = !back || toldByB(state, m, false, true);
            steps.add(state.with(course.ended(m, Course.CANCELLED)), heals, Step.TARGET_CLEARED, 0, 0, m);
        }
    }

    /** Whether the target of the open move m shows that it has taken Adopt(m). */
    private static boolean adopted(Shard target, int m) {
        return target.serves() && target.fence() >= m;
    }

    /** Whether the source of the open move m shows that it has taken Cancel(m). */
    private static boolean cancelled(Shard source, int m) {
        return source.stage() == Shard.SERVES && source.fence() >= m;
    }

    private static boolean toldByB(State state, int m, boolean ofAdopt, boolean byItsLeader) {
        int leader = state.leader();
        for (int i = 0; i < State.REPLICAS; i++) {
            Shard shard = state.replica(i).engine().shard();
            if ((!byItsLeader || i == leader) && (ofAdopt ? adopted(shard, m) : cancelled(shard, m))) {
                return true;
            }
        }
        return false;
    }

    private void entriesOfA(Steps steps, State state) {
        Course course = state.course();
        Shard shard = state.a().shard();
        for (int w = 0; w < size.writes(); w++) {
            take(steps, state, Entry.of(Entry.WRITE, w), shard.write(w, course.key(w)), false);
            if (size.acks()) {
                take(steps, state, Entry.of(Entry.ACKNOWLEDGE, w), shard.acknowledge(w, fault), false);
            }
        }
        if (size.time()) {
            take(steps, state, Entry.of(Entry.TIME, 0), shard.advanceTime(), false);
        }
        for (int m = 1; m <= course.started(); m++) {
            if (course.back(m)) {
                entriesOfATarget(steps, state, m);
                copiesOfA(steps, state, m);
                continue;
            }
            boolean open = !course.over(m);
            take(steps, state, Entry.of(Entry.MOVE_OUT, m), shard.moveOut(m, course.epochOf(m), fault), open);
            if (holders(state, m) >= 2) {
                take(steps, state, Entry.of(Entry.FREEZE, m), shard.freeze(m), open);
            }
            if (course.marked(m)) {
                take(steps, state, Entry.of(Entry.CANCEL, m), shard.cancelAtSource(m, fault), open);
            }
            if (course.over(m)) {
                take(steps, state, Entry.of(Entry.DROP, m), shard.drop(m, fault), true);
            }
        }
    }

    /** Adopt and Cancel of a move from B to A, in A's log. */
    private void entriesOfATarget(Steps steps, State state, int m) {
        Course course = state.course();
        Shard shard = state.a().shard();
        Hold hold = state.a().holds().of(m);
        Shard frozen = null;
        boolean answers = false;
        for (int i = 0; i < State.REPLICAS; i++) {
            Shard source = state.replica(i).engine().shard();
            if (source.frozenBy(m)) {
                frozen = source;
                answers |= state.replica(i).up();
            }
        }
        if (hold.complete() && frozen != null) {
            Shard adopted = shard.adopt(m, hold.csn(), hold, frozen, fault);
            take(steps, state, Entry.adopt(m, hold.csn()), adopted, answers);
        }
        if (course.over(m) && hold.copied() > 0 && fault != Fault.CANCEL_ONLY_AT_THE_SOURCE) {
            take(steps, state, Entry.of(Entry.CANCEL, m), shard.cancelAtTarget(m), true);
        }
    }

    private void take(Steps steps, State state, int entry, Shard after, boolean heals) {
        Shard before = state.a().shard();
        if (before.bits() == after.bits()) {
            return;
        }
        GroupA next = state.a().after(after);
        if (fault == Fault.DROP_BY_KEY_RANGE_ALONE && Entry.kind(entry) == Entry.DROP) {
            next = next.with(next.holds().emptied());
        }
        Course course = Applied.noted(state.course(), before, after, entry, true);
        steps.add(state.with(next).with(course), heals, Step.A_TAKES, 0, 0, entry);
    }

    /** Replicas of B whose hold for m is complete and told; Freeze is asked for when these are a majority. */
    private int holders(State state, int m) {
        int count = 0;
        for (int i = 0; i < State.REPLICAS; i++) {
            count += raft.told(state.replica(i), m).complete() ? 1 : 0;
        }
        return count;
    }

    /** A as target of a move back: what its replicas copy out of the replicas of B. */
    private void copiesOfA(Steps steps, State state, int m) {
        if (state.a().shard().fence() >= m) {
            return;
        }
        Holds holds = state.a().holds();
        Hold hold = holds.of(m);
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            Shard view = replica.engine().shard();
            if (!replica.up() || !view.sourceOf(m)) {
                continue;
            }
            if (!hold.complete()) {
                Holds after = holds.with(m, hold.copiedFrom(view, size.views(), fault));
                steps.add(state.with(state.a().with(after)), true, Step.A_COPIES, 0, i, m);
            } else if (view.csn() > hold.csn()) {
                Holds after = holds.with(m, hold.round(view, hold.csn(), fault));
                steps.add(state.with(state.a().with(after)), true, Step.A_ROUND, 0, i, m);
            }
        }
    }

    /** What clients, the controller and A ask of B's leader. */
    private void entriesOfB(Steps steps, State state, int i) {
        Course course = state.course();
        boolean heals = i == state.leader();
        Engine ahead = raft.ahead(state, state.replica(i));
        if (state.replica(i).engine().shard().serves()) {
            for (int w = 0; w < size.writes(); w++) {
                raft.propose(steps, state, i, ahead, Entry.of(Entry.WRITE, w), false);
                if (size.acks() && course.taken(w)) {
                    raft.propose(steps, state, i, ahead, Entry.of(Entry.ACKNOWLEDGE, w), false);
                }
            }
            if (size.time()) {
                raft.propose(steps, state, i, ahead, Entry.of(Entry.TIME, 0), false);
            }
        }
        for (int m = 1; m <= course.started(); m++) {
            if (!course.back(m)) {
                continue;
            }
            raft.propose(steps, state, i, ahead, Entry.of(Entry.MOVE_OUT, m), heals && !course.over(m));
            if (state.a().holds().of(m).complete()) {
                raft.propose(steps, state, i, ahead, Entry.of(Entry.FREEZE, m), heals);
            }
            if (course.marked(m)) {
                raft.propose(steps, state, i, ahead, Entry.of(Entry.CANCEL, m), heals);
            }
            if (course.over(m)) {
                raft.propose(steps, state, i, ahead, Entry.of(Entry.DROP, m), heals);
            }
        }
    }
}
