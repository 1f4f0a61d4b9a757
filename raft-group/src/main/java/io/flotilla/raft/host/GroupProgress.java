package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.Map;
import java.util.SortedSet;

/**
 * How far the replicas of a group are, as its leader sees it now: by this a learner is judged before it becomes a voter.
 *
 * @param membership the newest one and its index; in force already
 * @param isCommitted whether that is known to be committed
 * @param matches what each replica holds durably and equal to the leader's log, this one included; sorted. Empty if this
 *     replica does not lead
 * @param heard the members that the leader heard within an election timeout, itself included; sorted. Empty if this replica does not
 *     lead
 * @param heldBack the members that don't append a guarded entry yet, and its index; sorted
 * @param hasAppliedOwn whether this replica leads and has applied an entry of its own term: its state machine then shows all that
 *     earlier leaders did
 */
public record GroupProgress(
        long groupId,
        long term,
        long committed,
        MembershipEntry membership,
        boolean isCommitted,
        Map<NodeId, Long> matches,
        SortedSet<NodeId> heard,
        Map<NodeId, Long> heldBack,
        boolean hasAppliedOwn) {}
