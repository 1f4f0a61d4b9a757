package io.flotilla.kv.move;

import io.flotilla.raft.core.NodeId;

/** What the parts of a driver share. */
interface MoveCore {
    NodeId self();

    /** Monotone, in nanoseconds. */
    long now();

    MoveLimits limits();

    MoveActions actions();

    MoveMetrics metrics();

    MoveReports reports();

    /** An end that needs no more than to be counted: what was not done is seen by what is there. */
    default MoveActions.End counted() {
        return new MoveActions.End() {
            @Override
            public void done() {}

            @Override
            public void failed(String why) {
                metrics().failed();
            }
        };
    }
}
