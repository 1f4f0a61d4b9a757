package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.Map;

/**
 * How far the replicas of a group are, as its leader sees it now: by this a learner is judged before it becomes a voter.
 *
 * @param membership the newest one and its index; in force already
 * @param isCommitted whether that is known to be committed
 * @param matches what each replica holds durably and equal to the leader's log, this one included; sorted. Empty if this
 *     replica does not lead
 */
public record GroupProgress(
        long groupId,
        long term,
        long committed,
        MembershipEntry membership,
        boolean isCommitted,
        Map<NodeId, Long> matches) {}
