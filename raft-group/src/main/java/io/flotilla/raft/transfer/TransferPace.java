package io.flotilla.raft.transfer;

import io.flotilla.raft.runtime.Lane;
import java.util.function.LongSupplier;

/**
 * How many bytes a second a node's transfers may move at present: more and more, up to {@link TransferConfig#bytesPerSecond}, while the
 * writes of the log take as long as usual, fewer while they take longer, for then processor or disk have no time to spare. As long as
 * somebody asks for the rate, the writes since are looked at every 20 ms. If they took, on average, four times as long as usual and 10 ms or longer,
 * the rate is halved, else a thirty-second of the most is added. Usual is the shortest average lately; it grows by 1 % with each look, so
 * that a disk that has become slower is soon as usual. The rate never falls below {@link TransferConfig#leastBytesPerSecond},
 * where it begins: transfers end under any load. Belongs to the transfer lane.
 */
public final class TransferPace {
    private static final long LOOK_NANOS = 20_000_000L;
    private static final long LONG_NANOS = 10_000_000L;
    private static final int USUAL_TIMES = 4;
    private static final int ADDED = 32;
    /** So many looks between which nobody asked for the rate: nothing is on its way any more. */
    private static final int UNUSED_LOOKS = 25;

    private final Lane lane;
    private final long most;
    private final long least;
    /** Null where nothing has to be given way to. */
    private LongSupplier writeNanos;

    private long bytesPerSecond;
    private boolean isLooking;
    private int unusedLooks;
    private long usual = Long.MAX_VALUE;

    TransferPace(Lane lane, TransferConfig config) {
        this.lane = lane;
        this.most = config.bytesPerSecond();
        this.least = config.leastBytesPerSecond();
        this.bytesPerSecond = least;
    }

    /**
     * Before the start.
     *
     * @param averageNanos of the writes of the log since it was asked last; negative if there were none
     */
    void giveWayTo(LongSupplier averageNanos) {
        writeNanos = averageNanos;
    }

    /** The rate now. Whoever moves bytes asks for it anew with each part: nothing is looked at otherwise. */
    public long bytesPerSecond() {
        unusedLooks = 0;
        if (writeNanos == null) {
            return most;
        }
        if (!isLooking) {
            isLooking = true;
            // of the time in which nothing was on its way
            usual(writeNanos.getAsLong());
            lookLater();
        }
        return bytesPerSecond;
    }

    private void lookLater() {
        lane.after(LOOK_NANOS, () -> {
            unusedLooks++;
            if (unusedLooks < UNUSED_LOOKS) {
                look();
                lookLater();
            } else {
                isLooking = false;
                bytesPerSecond = least;
            }
        });
    }

    private void look() {
        long nanos = writeNanos.getAsLong();
        if (nanos >= LONG_NANOS && nanos / USUAL_TIMES >= usual) {
            bytesPerSecond = Math.max(least, bytesPerSecond / 2);
        } else {
            bytesPerSecond = Math.min(most, bytesPerSecond + most / ADDED);
        }
        usual(nanos);
    }

    private void usual(long nanos) {
        if (nanos >= 0) {
            long grown = usual == Long.MAX_VALUE ? usual : usual + usual / 100 + 1;
            usual = Math.min(grown, nanos);
        }
    }
}
