package io.flotilla.raft.core;

/**
 * The only place where a replica's role changes.
 *
 * <pre>
 * any            larger term seen                    follower of that term
 * candidates     a leader of the same term speaks    follower of it
 * follower       heard nothing for too long          pre-candidate (same term)
 * follower       told to by its leader               candidate (next term)
 * pre-candidate  a quorum would vote for it          candidate (next term)
 * candidate      a quorum's votes                    leader
 * candidates     a snapshot takes the log's place    follower (same term)
 * pre-candidate  votes for another of the same term  follower (same term)
 * pre-candidate  a better one asks at the same time  follower (same term)
 * candidates     time is up                          pre-candidate (same term)
 * leader         heard no quorum for too long        follower without leader (same term)
 * leader         no voter any more, committed        follower without leader (same term)
 * </pre>
 */
final class RoleTransitions {
    private final ReplicaState replica;
    private Role current;

    RoleTransitions(ReplicaState replica) {
        this.replica = replica;
        this.current = new Follower(replica, this, null);
    }

    Role current() {
        return current;
    }

    /** Learns of a larger term. A follower's timer runs on: a larger term alone is no sign of a leader. */
    void advanceTo(long term) {
        boolean led = current instanceof Leader;
        leave();
        replica.advanceTo(term);
        current = new Follower(replica, this, null);
        if (led) {
            replica.timer.arm();
        }
    }

    /** A leader of the current term speaks. */
    Follower follow(NodeId leader) {
        Check.that(
                !(current instanceof Leader),
                "two leaders in term %s: %s and %s",
                replica.term(),
                replica.self,
                leader);
        if (!(current instanceof Follower)) {
            current = new Follower(replica, this, null);
        }
        Follower follower = (Follower) current;
        follower.heardFrom(leader);
        return follower;
    }

    /** Another is closer to winning: a pre-candidate gives up, for its own campaign would only disturb that one's. */
    void giveWay() {
        if (current instanceof PreCandidate) {
            current = new Follower(replica, this, null);
        }
    }

    /** A snapshot took the place of the log that a candidacy was based on. */
    void logReplaced() {
        if (current instanceof PreCandidate || current instanceof Candidate) {
            current = new Follower(replica, this, null);
        }
    }

    void campaign() {
        leave();
        if (replica.config.preVote()) {
            PreCandidate role = new PreCandidate(replica, this);
            current = role;
            role.begin();
        } else {
            becomeCandidate();
        }
    }

    void becomeCandidate() {
        becomeCandidate(false);
    }

    /** The leader tells this replica to lead: nobody needs to be asked first. */
    void takeOver() {
        leave();
        becomeCandidate(true);
    }

    private void becomeCandidate(boolean byTransfer) {
        replica.advanceTo(replica.term() + 1);
        replica.vote(replica.self);
        Candidate role = new Candidate(replica, this, byTransfer);
        current = role;
        role.begin();
    }

    void becomeLeader() {
        Check.that(replica.outbox.isHardStateDurable(), "term %s was won before it was durable", replica.term());
        Leader role = new Leader(replica, this);
        current = role;
        role.begin();
    }

    /** A leader gives up its office without a successor. */
    void resign() {
        leave();
        current = new Follower(replica, this, null);
        replica.timer.arm();
    }

    private void leave() {
        if (current instanceof Leader leader) {
            replica.outbox.refuseReads(leader.abandonReads());
        } else if (current instanceof Follower follower) {
            replica.outbox.refuseReads(follower.abandonReads());
        }
    }
}
