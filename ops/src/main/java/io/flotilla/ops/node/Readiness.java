package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether clients should rather be sent to this node or to another one. At first it has to catch up, once; from then on no group
 * here may be without a majority for long. It serves whoever comes all the same. {@link #look} belongs to the node's lane.
 */
final class Readiness {
    private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

    private final NodeId self;
    private final Clock clock;
    private final CatchUp catchUp;
    private final LostMajorities lost;
    private volatile boolean caughtUp;
    private volatile String begin = "the log is being replayed";
    /** When it was found to have changed last, wall clock in milliseconds; 0 if never. */
    private volatile long since;

    private String told = "";

    Readiness(NodeId self, RaftHost host, Clock clock, Lane lane, LostMajorities lost) {
        this.self = self;
        this.clock = clock;
        this.catchUp = new CatchUp(self, host, lane);
        this.lost = lost;
    }

    /** @return whether the node has caught up just now: so once */
    boolean look(Configuration newest) {
        if (!caughtUp) {
            begin = catchUp.missing(newest);
            if (begin.isEmpty()) {
                caughtUp = true;
                since = clock.wallMillis();
                return true;
            }
            return false;
        }
        String now = missing();
        if (now.isEmpty() != told.isEmpty()) {
            since = clock.wallMillis();
            if (now.isEmpty()) {
                LOG.info("{}: ready again", self);
            } else {
                LOG.warn("{}: not ready: {}", self, now);
            }
        }
        told = now;
        return false;
    }

    boolean isCaughtUp() {
        return caughtUp;
    }

    /** Why the node is not ready: one line; empty if it is. Any thread. */
    String missing() {
        return caughtUp ? lost.reason(clock.nanos()) : begin;
    }

    /** How many groups are without a majority, as this node sees it. Any thread. */
    int groupsLost() {
        return lost.count(clock.nanos());
    }

    /** As of the last {@link #look}. Any thread. */
    long since() {
        return since;
    }
}
