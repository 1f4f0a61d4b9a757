package io.flotilla.raft.lab;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;

/** Election timeout (the lower bound; drawn up to twice as long), heartbeat interval, and the tick they are counted in. */
public record LabTiming(String name, long tickNanos, int heartbeatTicks, int electionTicks, boolean preVote) {
    private static final long MILLI = 1_000_000;

    /** What a node has unless told otherwise: heartbeats each 250 ms, elections after 1 to 2 s. */
    static final LabTiming PRODUCTION = new LabTiming("production", 50 * MILLI, 5, 20, true);

    /** What the labs have in mind: ten heartbeats per second, elections after half a second to one. */
    static final LabTiming QUICK = new LabTiming("quick", 20 * MILLI, 5, 26, true);

    /** Seeds take turns. */
    public static LabTiming of(long seed) {
        return seed % 2 == 0 ? QUICK : PRODUCTION;
    }

    LabTiming withoutPreVote() {
        return new LabTiming(name + " without pre-vote", tickNanos, heartbeatTicks, electionTicks, false);
    }

    public HostConfig config(NodeId self) {
        CoreConfig core = CoreConfig.defaults();
        return new HostConfig(
                self,
                new CoreConfig(
                        electionTicks,
                        heartbeatTicks,
                        core.maxAppendBytes(),
                        core.maxInflightMessages(),
                        core.maxInflightBytes(),
                        core.maxUncommittedBytes(),
                        core.maxApplyBytes(),
                        core.maxResidentBytes(),
                        preVote),
                1,
                1,
                tickNanos,
                HostLimits.of(256L << 20));
    }
}
