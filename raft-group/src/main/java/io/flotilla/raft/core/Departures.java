package io.flotilla.raft.core;

import java.util.Map;
import java.util.TreeMap;

/**
 * Replicas that the newest membership leaves out, and that a leader still tells about it, so that they can go in peace
 * instead of campaigning for ever. For a bounded time: who is away for longer is told by its owner. Belongs to the leader.
 */
final class Departures {
    /** Heartbeats with the commit of the new membership that a replica is sent before it is left alone. */
    private static final int FAREWELLS = 3;

    private final long patience;
    private final Map<NodeId, Departure> departures = new TreeMap<>();

    /** @param patience in ticks */
    Departures(long patience) {
        this.patience = patience;
    }

    boolean contains(NodeId node) {
        return departures.containsKey(node);
    }

    void begin(NodeId node, long now) {
        departures.putIfAbsent(node, new Departure(now));
    }

    /** It is a member again, or gone. */
    void end(NodeId node) {
        departures.remove(node);
    }

    /**
     * A heartbeat goes to the replica.
     *
     * @param isToldNow whether it says that the membership is committed to a replica that holds it
     * @return whether that was the last one
     */
    boolean isOver(NodeId node, boolean isToldNow, long now) {
        Departure departure = departures.get(node);
        if (departure == null) {
            return false;
        }
        departure.farewells += isToldNow ? 1 : 0;
        return departure.farewells > FAREWELLS || now - departure.since > patience;
    }

    private static final class Departure {
        private final long since;
        private int farewells;

        Departure(long since) {
            this.since = since;
        }
    }
}
