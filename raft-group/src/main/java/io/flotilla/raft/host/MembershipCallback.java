package io.flotilla.raft.host;

import io.flotilla.raft.core.membership.MembershipEntry;

/** Told once what became of a change of membership. Must not block. Called on any lane. */
public interface MembershipCallback {
    /**
     * Committed, and left if it was joint.
     *
     * @param now the membership and its index: what a node that was added is to be told as {@link
     *     io.flotilla.raft.log.GroupDescriptor#joined}, and what {@link RaftHost#retire} wants for one that was removed
     */
    void changed(MembershipEntry now);

    /** Certainly not done: it makes no sense for the group as it is. @param reason for people */
    void invalid(String reason);

    /** Not done, or not known. Busy also means that an earlier change is not over, or the leader is just elected. */
    void refused(Refusal refusal);
}
