package io.flotilla.raft.core.transfer;

import io.flotilla.raft.core.NodeId;
import java.util.Map;
import java.util.TreeMap;

/**
 * A leader's leadership on its way to another replica (Raft thesis §3.10): the leader takes no proposals, brings the target
 * up to its own log, and tells it to campaign at once. Belongs to the leader; ends with its office.
 *
 * <p>Who was told to campaign may do so much later, for messages may be late, and will be helped against this leader. So
 * from the first telling on there is no lease, also after the transfer was given up, until everybody who was told has
 * answered a round of heartbeats begun after that: by then a message that is still on its way means nothing to it.
 */
public final class LeadershipTransfer {
    /** By target, the round of heartbeats after which it was told last. */
    private final Map<NodeId, Long> told = new TreeMap<>();

    private NodeId target;
    private long begunAt;
    private boolean toldLately;

    /** The leadership is to go to {@code node}. @param now in ticks */
    public void begin(NodeId node, long now) {
        target = node;
        begunAt = now;
        toldLately = false;
    }

    /** Who is to lead, or null if no transfer is under way. */
    public NodeId target() {
        return target;
    }

    /** Whether it takes longer than {@code patience} ticks. */
    public boolean isOverdue(long now, int patience) {
        return target != null && now - begunAt >= patience;
    }

    /** The transfer is given up. What was told remains told. */
    public void giveUp() {
        target = null;
    }

    /** Whether the target is still to be told, or to be told once more. */
    public boolean isToBeTold() {
        return target != null && !toldLately;
    }

    /** The target is told to campaign, after the round of heartbeats {@code round}. */
    public void told(long round) {
        told.put(target, round);
        toldLately = true;
    }

    /** What was told was perhaps lost. */
    public void tellAgain() {
        toldLately = false;
    }

    /** A follower answered a round of heartbeats. */
    public void answered(NodeId node, long round) {
        Long at = told.get(node);
        if (at != null && round > at) {
            told.remove(node);
        }
    }

    /** Whether somebody may still campaign because he was told to, and be helped against this leader. */
    public boolean isPending() {
        return !told.isEmpty();
    }
}
