package io.flotilla.ops.process;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Looks once a second whether a server's process is whole: that its threads are there, and that garbage collection still finds
 * room. Whoever throws and whoever catches, it is seen here. Looking belongs to the thread that {@link #start} makes.
 */
final class Vitals {
    private static final long MILLIS_BETWEEN_LOOKS = 1_000;
    /** Of what garbage collection may fill. */
    private static final double FULL = 0.98;
    /** Looks in a row that find no room. */
    static final int PATIENCE = 10;

    private final ProcessEnd end;
    private final Supplier<String> missing;
    private final Supplier<String> full;
    private int looksFull;

    /**
     * @param missing which thread has ended, null if none
     * @param full what is full, null if nothing is
     */
    Vitals(ProcessEnd end, Supplier<String> missing, Supplier<String> full) {
        this.end = end;
        this.missing = missing;
        this.full = full;
    }

    static Vitals ofProcess(ProcessEnd end, Supplier<String> missing) {
        List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP && pool.isCollectionUsageThresholdSupported())
                .filter(pool -> pool.getUsage().getMax() > 0 && pool.isUsageThresholdSupported())
                .toList();
        pools.forEach(pool ->
                pool.setCollectionUsageThreshold((long) (FULL * pool.getUsage().getMax())));
        return new Vitals(end, missing, () -> {
            for (MemoryPoolMXBean pool : pools) {
                if (pool.isCollectionUsageThresholdExceeded()) {
                    return pool.getName();
                }
            }
            return null;
        });
    }

    void start() {
        Thread thread = new Thread(this::run, "vitals");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN_LOOKS);
                look();
            }
        } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
        } catch (Throwable thrown) {
            end.ifFatal(thrown);
            end.now("nobody looks after this process any more: " + thrown + "; start it again");
        }
    }

    void look() {
        String ended = missing.get();
        if (ended != null) {
            end.now("the thread " + ended + " has ended, without which the node is not whole; start it again, and"
                    + " report it with its log");
        }
        String noRoom = full.get();
        looksFull = noRoom == null ? 0 : looksFull + 1;
        if (looksFull >= PATIENCE) {
            end.ifFatal(new OutOfMemoryError(
                    "garbage collection has found no room in " + noRoom + " for " + PATIENCE + " s"));
        }
    }
}
