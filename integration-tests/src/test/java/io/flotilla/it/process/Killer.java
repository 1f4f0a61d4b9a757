package io.flotilla.it.process;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Kills a random node again and again, at a steady pace, and starts it at once; of all the nodes at most one is away. */
final class Killer implements AutoCloseable {
    private final MovingFleet fleet;
    private final Duration pace;
    private final SplittableRandom random = new SplittableRandom(System.nanoTime());
    private final CompletableFuture<Void> stop = new CompletableFuture<>();
    private final CompletableFuture<Integer> kills = new CompletableFuture<>();

    Killer(MovingFleet fleet, Duration pace) {
        this.fleet = fleet;
        this.pace = pace;
        Thread thread = new Thread(this::run, "killer");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        List<String> nodes = fleet.processes.ids();
        int count = 0;
        try {
            for (long next = System.nanoTime() + pace.toNanos(); waitUntil(next); next += pace.toNanos()) {
                String node = nodes.get(random.nextInt(nodes.size()));
                fleet.processes.kill(node);
                count++;
                fleet.restart(node);
            }
            kills.complete(count);
        } catch (Exception | AssertionError e) {
            kills.completeExceptionally(e);
        }
    }

    /** False if it shall stop. */
    private boolean waitUntil(long nanos) throws Exception {
        try {
            stop.get(Math.max(0, nanos - System.nanoTime()), TimeUnit.NANOSECONDS);
            return false;
        } catch (java.util.concurrent.TimeoutException due) {
            return true;
        }
    }

    /** Waits until the last one killed is ready again; how many there were. */
    int stop() throws Exception {
        stop.complete(null);
        return kills.get(2, TimeUnit.MINUTES);
    }

    @Override
    public void close() {
        stop.complete(null);
    }
}
