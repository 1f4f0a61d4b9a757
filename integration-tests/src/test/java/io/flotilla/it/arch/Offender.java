package io.flotilla.it.arch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Does everything that is banned, so that a ban that finds nothing here is known to be broken. Never run. */
final class Offender {
    private final ReentrantLock lock = new ReentrantLock();

    long everything() throws Exception {
        lock.lock();
        new Thread(() -> {}).start();
        Executors.newCachedThreadPool().execute(() -> {});
        CompletableFuture.supplyAsync(() -> 1).orTimeout(1, TimeUnit.SECONDS);
        Files.delete(Path.of("x"));
        new java.net.Socket("localhost", 1).close();
        Object cache = com.github.benmanes.caffeine.cache.Caffeine.newBuilder();
        return System.nanoTime()
                + Instant.now().toEpochMilli()
                + new Random().nextLong()
                + UUID.randomUUID().hashCode()
                + System.identityHashCode(cache)
                + Set.of(1, 2).size()
                + Map.of(1, 2).size();
    }
}
