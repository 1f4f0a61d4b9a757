package io.flotilla.raft.transfer;

import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;

/**
 * How many bytes a second a node's transfers may move at present: more and more, up to {@link TransferConfig#bytesPerSecond}, while the
 * lanes of its groups run at once what they are given, fewer while that takes them longer. As long as somebody asks for the rate, each of
 * these lanes is given an empty task every 10 ms. If one took 3 ms or longer to run, the rate loses a quarter, else a thirty-second of the
 * most is added. It never falls below {@link TransferConfig#leastBytesPerSecond}, where it begins: transfers end under any load.
 * Belongs to the transfer lane.
 */
public final class TransferPace {
    private static final long PERIOD_NANOS = 10_000_000L;
    private static final long LATE_NANOS = 3_000_000L;
    private static final int TAKEN_OFF = 4;
    private static final int ADDED = 32;
    /** So many periods in which nobody asked for the rate: nothing is on its way any more. */
    private static final int UNUSED_PERIODS = 50;

    private final Clock clock;
    private final Lane lane;
    private final long most;
    private final long least;
    private final List<Lane> groups = new ArrayList<>();

    private long bytesPerSecond;
    private boolean isMeasuring;
    private int unusedPeriods;
    /** Lanes that have not run the task of this period. */
    private int unheard;

    private boolean isLate;

    TransferPace(Clock clock, Lane lane, TransferConfig config) {
        this.clock = clock;
        this.lane = lane;
        this.most = config.bytesPerSecond();
        this.least = config.leastBytesPerSecond();
        this.bytesPerSecond = least;
    }

    /** Before the start. */
    void giveWayTo(Lane group) {
        groups.add(group);
    }

    /** The rate now. Whoever moves bytes asks for it anew with each part: nothing is measured otherwise. */
    public long bytesPerSecond() {
        unusedPeriods = 0;
        if (groups.isEmpty()) {
            return most;
        }
        if (!isMeasuring) {
            isMeasuring = true;
            measure();
        }
        return bytesPerSecond;
    }

    private void measure() {
        if (unheard > 0) {
            // not even the task of the last period was run
            slower();
        } else {
            isLate = false;
            unheard = groups.size();
            long asked = clock.nanos();
            for (Lane group : groups) {
                group.execute(() -> {
                    long took = clock.nanos() - asked;
                    lane.execute(() -> heard(took));
                });
            }
        }
        lane.after(PERIOD_NANOS, () -> {
            unusedPeriods++;
            if (unusedPeriods < UNUSED_PERIODS) {
                measure();
            } else {
                isMeasuring = false;
                bytesPerSecond = least;
            }
        });
    }

    private void heard(long took) {
        isLate |= took >= LATE_NANOS;
        unheard--;
        if (unheard > 0) {
            return;
        }
        if (isLate) {
            slower();
        } else {
            bytesPerSecond = Math.min(most, bytesPerSecond + most / ADDED);
        }
    }

    private void slower() {
        bytesPerSecond = Math.max(least, bytesPerSecond - bytesPerSecond / TAKEN_OFF);
    }
}
