package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.Row;
import io.flotilla.client.ScanQuery;
import io.flotilla.client.WriteBatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many rows are deleted, and then somebody scans over where they were: puts of the group do not wait for that. {@code
 * -Dflotilla.rows=1000000} takes a million.
 */
@Timeout(900)
class DeletedRowsTest {
    private static final int ROWS = Integer.getInteger("flotilla.rows", 150_000);
    private static final int PER_BATCH = 2_000;
    private static final long MEASURED_NANOS = 4_000_000_000L;

    /** What a machine that is busy with other work may add by itself to one put in a hundred. */
    private static final double NOISE_MILLIS = 60;

    /** Each scan begins so long after the last: a client that asks without a break is a load of its own. */
    private static final long BETWEEN_SCANS_NANOS = 100_000_000L;

    @TempDir
    Path directory;

    @Test
    void aScanOverWhatWasDeletedKeepsNoPutWaiting() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            ClientConfig config = ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofMinutes(2));
            try (FlotillaClient client = FlotillaClient.connect(config);
                    FlotillaClient scanner = FlotillaClient.connect(config)) {
                writeAll(client, false);
                client.put("z", "stays");
                writeAll(client, true);
                puts(client, MEASURED_NANOS / 4);
                double before = p99(puts(client, MEASURED_NANOS));
                AtomicBoolean over = new AtomicBoolean();
                AtomicLong scans = new AtomicLong();
                CompletableFuture<Void> scanning = CompletableFuture.runAsync(() -> {
                    while (!over.get()) {
                        Iterator<Row> rows =
                                scanner.scan(ScanQuery.all().to("q")).iterator();
                        assertThat(rows.hasNext()).isFalse();
                        scans.incrementAndGet();
                        LockSupport.parkNanos(BETWEEN_SCANS_NANOS);
                    }
                });
                double during = p99(puts(client, MEASURED_NANOS));
                over.set(true);
                scanning.join();
                System.out.printf(
                        "%,d rows deleted: p99 of puts %.1f ms, beside %d scans from their beginning %.1f ms%n",
                        ROWS, before, scans.get(), during);
                assertThat(during).isLessThan(2 * before + NOISE_MILLIS);
                assertThat(scanner.scan(ScanQuery.all().from("s"))
                                .iterator()
                                .next()
                                .keyText())
                        .isEqualTo("z");
            }
        }
    }

    private static void writeAll(FlotillaClient client, boolean deletes) {
        List<CompletableFuture<?>> open = new ArrayList<>();
        for (int i = 0; i < ROWS; i += PER_BATCH) {
            WriteBatch.Builder batch = WriteBatch.builder();
            for (int j = i; j < Math.min(ROWS, i + PER_BATCH); j++) {
                String key = String.format("k%09d", j);
                if (deletes) {
                    batch.delete(key);
                } else {
                    batch.put(key, "a value of some bytes");
                }
            }
            open.add(client.async().batch(batch.build()));
            if (open.size() == 4) {
                open.remove(0).join();
            }
        }
        open.forEach(CompletableFuture::join);
    }

    /** One after the other, for so long. @return how long each took, in milliseconds */
    private static List<Double> puts(FlotillaClient client, long nanos) {
        List<Double> millis = new ArrayList<>();
        long end = System.nanoTime() + nanos;
        for (int i = 0; System.nanoTime() < end; i++) {
            long begun = System.nanoTime();
            client.put("r" + i % 100, "value");
            millis.add((System.nanoTime() - begun) / 1e6);
        }
        return millis;
    }

    private static double p99(List<Double> millis) {
        List<Double> sorted = millis.stream().sorted().toList();
        return sorted.get(Math.min(sorted.size() - 1, sorted.size() * 99 / 100));
    }
}
