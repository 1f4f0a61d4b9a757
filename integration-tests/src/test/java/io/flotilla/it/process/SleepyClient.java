package io.flotilla.it.process;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.IndeterminateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/** A process of its own: has some increments of one key under way at any time, until its input ends; then it says how many were made. */
final class SleepyClient {
    private static final int AT_ONCE = 8;
    private static final Duration TIMEOUT = Duration.ofMinutes(10);

    private final AtomicLong made = new AtomicLong();
    private final AtomicLong unknown = new AtomicLong();
    private final FlotillaClient client;
    private final byte[] key;
    private volatile boolean ending;

    private SleepyClient(FlotillaClient client, byte[] key) {
        this.client = client;
        this.key = key;
    }

    /** @param args endpoints, key */
    public static void main(String[] args) throws IOException {
        try (FlotillaClient client =
                FlotillaClient.connect(ClientConfig.of(args[0]).withTimeout(TIMEOUT))) {
            SleepyClient sleepy = new SleepyClient(client, args[1].getBytes(StandardCharsets.UTF_8));
            client.increment(sleepy.key, 1);
            sleepy.made.incrementAndGet();
            CompletableFuture<?>[] all = new CompletableFuture<?>[AT_ONCE];
            for (int i = 0; i < AT_ONCE; i++) {
                CompletableFuture<Void> over = new CompletableFuture<>();
                all[i] = over;
                sleepy.next(over);
            }
            System.out.println("writes");
            while (System.in.read() >= 0) {
                // until it ends
            }
            sleepy.ending = true;
            CompletableFuture.allOf(all).join();
            System.out.println(sleepy.made + " " + sleepy.unknown);
        }
    }

    private void next(CompletableFuture<Void> over) {
        if (ending) {
            over.complete(null);
            return;
        }
        client.async().increment(key, 1).whenComplete((value, failed) -> {
            Throwable why = failed instanceof CompletionException ? failed.getCause() : failed;
            if (why == null) {
                made.incrementAndGet();
            } else if (why instanceof IndeterminateException) {
                unknown.incrementAndGet();
            } else {
                over.completeExceptionally(why);
                return;
            }
            next(over);
        });
    }
}
