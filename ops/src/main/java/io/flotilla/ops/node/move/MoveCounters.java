package io.flotilla.ops.node.move;

import io.flotilla.client.proto.MoveCounts;
import io.flotilla.kv.move.MoveMetrics;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** Counts what became of moves since the node started. Thread-safe. */
final class MoveCounters implements MoveMetrics {
    /** Upper bounds of pauses, in milliseconds; what is longer is counted after the last. */
    private static final int[] PAUSE_MILLIS = {5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 60_000};

    private final LongAdder adopted = new LongAdder();
    private final LongAdder adoptedBytes = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder pauseNanos = new LongAdder();
    private final AtomicLongArray pauses = new AtomicLongArray(PAUSE_MILLIS.length + 1);

    @Override
    public void adopted(long pause, long bytes) {
        adopted.increment();
        adoptedBytes.add(bytes);
        pauseNanos.add(pause);
        int bucket = 0;
        while (bucket < PAUSE_MILLIS.length && pause > PAUSE_MILLIS[bucket] * 1_000_000L) {
            bucket++;
        }
        pauses.incrementAndGet(bucket);
    }

    @Override
    public void cancelled() {
        cancelled.increment();
    }

    @Override
    public void dropped() {
        dropped.increment();
    }

    @Override
    public void failed() {
        failed.increment();
    }

    MoveCounts counts() {
        MoveCounts.Builder counts = MoveCounts.newBuilder()
                .setAdopted(adopted.sum())
                .setAdoptedBytes(adoptedBytes.sum())
                .setCancelled(cancelled.sum())
                .setDropped(dropped.sum())
                .setFailed(failed.sum())
                .setPauseMicros(pauseNanos.sum() / 1_000);
        for (int i = 0; i < pauses.length(); i++) {
            counts.addPauses(pauses.get(i));
        }
        for (int bound : PAUSE_MILLIS) {
            counts.addPauseMillis(bound);
        }
        return counts.build();
    }
}
