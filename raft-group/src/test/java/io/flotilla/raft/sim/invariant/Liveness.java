package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;

/** When nothing is broken any more, everything works again within a bound of virtual time. */
public final class Liveness {
    private Liveness() {}

    /** A group to which writes were offered all the time. @param before what was acknowledged at the beginning */
    public static void progressed(long group, long before, long after, int seconds) {
        if (after <= before) {
            throw new Violation("Liveness", "group %d did nothing for %d s without faults", group, seconds);
        }
    }

    /** A replica after a time in which nothing was broken, and nothing written. */
    public static void caughtUp(NodeId node, long group, long applied, long highest) {
        if (applied != highest) {
            throw new Violation(
                    "Liveness",
                    "%s has applied group %d up to %d only, others up to %d, though nothing is broken any more",
                    node,
                    group,
                    applied,
                    highest);
        }
    }
}
