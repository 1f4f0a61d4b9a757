package io.flotilla.raft.log;

import io.flotilla.raft.core.membership.Membership;

/**
 * A group's creation record, the same on every founding replica: a replica starts from nothing else.
 *
 * @param groupId 0 or more, never used again
 * @param membership the first membership
 * @param genesis what the group's state machine starts from; its meaning is the machine's
 */
public record GroupDescriptor(long groupId, Membership membership, byte[] genesis) {}
