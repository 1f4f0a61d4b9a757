package io.flotilla.ops.node.move;

import io.flotilla.kv.move.copy.HoldKey;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Tells again and again what is held here, for those that lead since, or did not hear of it; of so many holds at a time, the others' turn is
 * next. Belongs to the lane.
 */
final class HoldBeat {
    static final long BEAT_NANOS = 250_000_000L;
    static final int MOST_A_BEAT = 256;

    private final Lane lane;
    private final Supplier<List<HoldReport>> held;
    private final Consumer<HoldReport> send;
    /** The last that was told; null before the first. */
    private HoldKey last;

    private boolean stopped;

    /** @param held in the order of their keys */
    HoldBeat(Lane lane, Supplier<List<HoldReport>> held, Consumer<HoldReport> send) {
        this.lane = lane;
        this.held = held;
        this.send = send;
    }

    /** Now, and from now on until {@link #stop}. */
    void beat() {
        if (stopped) {
            return;
        }
        List<HoldReport> all = held.get();
        int from = 0;
        while (last != null && from < all.size() && key(all.get(from)).compareTo(last) <= 0) {
            from++;
        }
        for (int i = 0; i < Math.min(MOST_A_BEAT, all.size()); i++) {
            HoldReport report = all.get((from + i) % all.size());
            last = key(report);
            send.accept(report);
        }
        lane.after(BEAT_NANOS, this::beat);
    }

    void stop() {
        stopped = true;
    }

    private static HoldKey key(HoldReport report) {
        return new HoldKey(report.getGroup(), report.getShard(), report.getMove());
    }
}
