package io.flotilla.ops.bench;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.VersionedValue;
import io.flotilla.ops.cli.ClientFailures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;

/** Writes all keys of a plan, or looks whether somebody has. */
final class Preload {
    static final int IN_FLIGHT = 1024;
    private static final long BYTES_IN_FLIGHT = 16L << 20;
    private static final int SAMPLE = 500;
    private static final long SAMPLE_BYTES = 8L << 20;
    private static final long PROGRESS_MILLIS = 500;

    private final AsyncFlotillaClient client;
    private final BenchPlan plan;

    Preload(AsyncFlotillaClient client, BenchPlan plan) {
        this.client = client;
        this.plan = plan;
    }

    /** Operations under way while loading. */
    static int inFlight(BenchPlan plan) {
        return (int) Math.max(1, Math.min(IN_FLIGHT, BYTES_IN_FLIGHT / (BenchKeys.BYTES + plan.valueSize())));
    }

    /** Whether a sample of the keys, the last ones written among them, is there with values of the plan's size. */
    boolean isThere() throws InterruptedException {
        long sample = Math.min(plan.keys(), Math.min(SAMPLE, Math.max(1, SAMPLE_BYTES / (1 + plan.valueSize()))));
        List<byte[]> keys = new ArrayList<>();
        for (long i = 1; i <= sample; i++) {
            keys.add(BenchKeys.key(plan.keys() * i / sample - 1));
        }
        for (Optional<VersionedValue> found : ClientFailures.await("bench", client.multiGet(keys))) {
            if (found.isEmpty() || found.get().value().length != plan.valueSize()) {
                return false;
            }
        }
        return true;
    }

    /** Writes all keys. @param progress is told now and then how many are written */
    void run(LongConsumer progress) throws InterruptedException {
        ValueSource values = new ValueSource(plan.valueSize());
        AtomicLong next = new AtomicLong();
        AtomicLong written = new AtomicLong();
        CompletableFuture<Void> all = new CompletableFuture<>();
        BiConsumer<Object, Throwable> chain = new BiConsumer<>() {
            @Override
            public void accept(Object version, Throwable failed) {
                if (failed != null) {
                    all.completeExceptionally(failed);
                } else if (version != null && written.incrementAndGet() == plan.keys()) {
                    all.complete(null);
                } else if (!all.isDone()) {
                    long number = next.getAndIncrement();
                    if (number < plan.keys()) {
                        client.put(BenchKeys.key(number), values.next(number)).whenComplete(this);
                    }
                }
            }
        };
        for (int i = inFlight(plan); i > 0; i--) {
            chain.accept(null, null);
        }
        while (!all.isDone()) {
            try {
                all.exceptionally(failed -> null).get(PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException later) {
                // not yet
            }
            progress.accept(written.get());
        }
        ClientFailures.await("bench", all);
    }
}
