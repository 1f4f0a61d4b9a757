package io.flotilla.raft.log;

import io.flotilla.raft.core.membership.Membership;

/**
 * A group's creation record. The same on every founding replica but for {@code joined}: a replica starts from nothing
 * else.
 *
 * @param groupId 0 or more, never used again
 * @param membership the first membership
 * @param genesis what the group's state machine starts from; its meaning is the machine's
 * @param joined 0 on a founding replica. Else the index of the membership that made this node a member: the replica
 *     starts empty, as one that nobody counts before the group's own log says so. Whoever is left out by a later membership
 *     never comes back under an earlier number
 */
public record GroupDescriptor(long groupId, Membership membership, byte[] genesis, long joined) {
    /** The creation record of a founding replica. */
    public GroupDescriptor(long groupId, Membership membership, byte[] genesis) {
        this(groupId, membership, genesis, 0);
    }

    /** What the replica knows of the group's membership when its log is empty. */
    public Membership initialMembership() {
        return joined == 0 ? membership : Membership.NONE;
    }
}
