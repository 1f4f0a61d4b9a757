package io.flotilla.it.model;

/** What must hold in every state, and for every step. Each method answers null, or what is broken. */
final class Promises {
    private final Fault fault;
    private final Logs logs;

    Promises(Fault fault, Logs logs) {
        this.fault = fault;
        this.logs = logs;
    }

    /** The first promise that a state breaks, or null. */
    String broken(State state) {
        Course course = state.course();
        if (course.twice()) {
            return "a client's write was applied twice";
        }
        Shard a = state.a().shard();
        String broken = a.serves() ? ofServing("A", a, course) : null;
        for (int i = 0; i < State.REPLICAS && broken == null; i++) {
            Replica replica = state.replica(i);
            Engine engine = replica.engine();
            if (replica.up()
                    && engine.applied() == course.commit()
                    && engine.shard().serves()) {
                broken = a.serves()
                        ? "two groups serve the shard: A and B"
                        : ofServing("b" + (i + 1), engine.shard(), course);
            }
            for (int j = 0; j < i && broken == null; j++) {
                Engine other = state.replica(j).engine();
                if (engine.applied() == other.applied() && !engine.shard().equals(other.shard())) {
                    broken = "replicas of B differ at index " + engine.applied();
                }
            }
        }
        if (a.stage() == Shard.ABSENT && !atB(state)) {
            return "no group has the shard any more";
        }
        if (broken == null && fault == Fault.READS_NOT_WAITING) {
            broken = staleRead(state);
        }
        return broken;
    }

    /** Whether a replica of B has the shard, or will once it has applied what is committed. */
    private boolean atB(State state) {
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            if (replica.engine().shard().stage() != Shard.ABSENT) {
                return true;
            }
            int end = Math.min(state.course().commit(), logs.length(replica.log()));
            for (int n = replica.engine().applied(); n < end; n++) {
                if (Entry.kind(logs.entry(replica.log(), n)) == Entry.ADOPT) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Of a group that serves, at the end of its log: nothing lost, nothing forgotten, nothing fallen. */
    private static String ofServing(String who, Shard shard, Course course) {
        for (int key = 0; key < 2; key++) {
            if ((shard.row(key) & 1) == 0) {
                return who + " serves without a row that was there from the beginning";
            }
        }
        for (int w = 0; w < 2; w++) {
            if (course.taken(w) && (shard.row(course.key(w)) & 2 << w) == 0) {
                return who + " serves without write w" + (w + 1) + ", which was answered";
            }
            if (!course.timePassed()
                    && (course.taken(w) && shard.session(w) == Shard.NO_REPLY
                            || course.acknowledged(w) && shard.session(w) != Shard.ACKNOWLEDGED)) {
                return who + " serves and has forgotten what the session of w" + (w + 1) + " knew";
            }
        }
        if (shard.csn() < course.highestCsn()) {
            return who + " serves with a csn that fell";
        }
        if (shard.time() < (course.timePassed() ? 1 : 0)) {
            return who + " serves with a log time that fell";
        }
        return shard.epoch() < course.epoch() ? who + " serves in a stale epoch" : null;
    }

    /** A read of a replica of A that serves what it had applied at some time, without waiting for the commit index. */
    private static String staleRead(State state) {
        for (long known : state.a().past()) {
            Shard seen = new Shard(known);
            for (int w = 0; w < 2; w++) {
                if (seen.serves()
                        && state.course().takenByB(w)
                        && (seen.row(state.course().key(w)) & 2 << w) == 0) {
                    return "a read at A misses write w" + (w + 1) + ", which B had answered before the read came";
                }
            }
        }
        return null;
    }

    /** What never falls from one step to the next while a shard is there: its epoch, csn and log time. */
    String brokenBy(Step step, State before, State after) {
        String broken = fell("A", before.a().shard(), after.a().shard());
        for (int i = 0; i < State.REPLICAS && broken == null && step != Step.CRASHES; i++) {
            if (before.replica(i) != after.replica(i)) {
                broken = fell(
                        "b" + (i + 1),
                        before.replica(i).engine().shard(),
                        after.replica(i).engine().shard());
            }
        }
        return broken;
    }

    private static String fell(String who, Shard before, Shard after) {
        if (before.bits() == after.bits()) {
            return null;
        }
        boolean both = before.stage() != Shard.ABSENT && after.stage() != Shard.ABSENT;
        if (both && (after.epoch() < before.epoch() || after.csn() < before.csn() || after.time() < before.time())) {
            return who + "'s epoch, csn or log time fell";
        }
        return null;
    }

    /** Whether all moves have ended: nothing is open, frozen, held or owed, and the replicas of B that live are alike. */
    boolean ended(State state) {
        Shard a = state.a().shard();
        int leader = state.leader();
        if (leader < 0
                || state.course().anyOpen()
                || a.move() > 0
                || state.a().holds().any()) {
            return false;
        }
        int log = state.replica(leader).log();
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            boolean settled = replica.log() == log
                    && replica.engine().applied() == logs.length(log)
                    && replica.engine().shard().move() == 0
                    && !replica.engine().holds().any()
                    && !replica.heldBack();
            if (replica.up() && !settled) {
                return false;
            }
        }
        return true;
    }
}
