package io.flotilla.ops.node.configuration;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.ConfigurationDelta;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * What changed lately: the last {@link #KEPT} deltas, or fewer if they have more than {@link #KEPT_BYTES} together. Belongs to
 * the node's lane.
 */
final class RecentDeltas {
    static final int KEPT = 1_000;
    static final long KEPT_BYTES = 4L << 20;

    /** Each goes on where the one before ends. */
    private final ArrayDeque<ConfigurationDelta> deltas = new ArrayDeque<>();

    private long bytes;
    /** What was asked for last: most watchers are where the others are. */
    private ConfigurationDelta joined;

    void add(ConfigurationDelta next) {
        joined = null;
        deltas.addLast(next);
        bytes += next.getSerializedSize();
        while (deltas.size() > KEPT || bytes > KEPT_BYTES) {
            bytes -= deltas.removeFirst().getSerializedSize();
        }
    }

    /** What changed since that configuration, as one delta; null if it is too old, or not one that was known here. */
    ConfigurationDelta since(long number) {
        if (joined != null && joined.getFrom() == number) {
            return joined;
        }
        List<ConfigurationDelta> tail = new ArrayList<>();
        for (Iterator<ConfigurationDelta> newest = deltas.descendingIterator(); newest.hasNext(); ) {
            ConfigurationDelta delta = newest.next();
            if (delta.getFrom() < number) {
                return null;
            }
            tail.add(delta);
            if (delta.getFrom() == number) {
                Collections.reverse(tail);
                joined = ConfigurationDeltas.join(tail);
                return joined;
            }
        }
        return null;
    }
}
