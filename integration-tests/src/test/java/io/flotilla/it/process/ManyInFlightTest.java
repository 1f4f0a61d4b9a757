package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.Expectation;
import io.flotilla.client.FlotillaClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Fresh programs with much in flight to a fleet that was just founded, without a warm-up: nothing of it fails. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ManyInFlightTest {
    /** For a machine that has other work too: how much is done in a second is for the bench. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final int GIVEN_AT_ONCE = 600;

    @TempDir
    Path directory;

    @Test
    void allThatAProgramGivesAtOnceIsDone() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            for (int count : List.of(4_097, 65_000)) {
                try (FlotillaClient client = fresh(fleet)) {
                    double seconds = allAtOnce(
                            count, i -> client.async().put(("k" + i).getBytes(StandardCharsets.UTF_8), new byte[10]));
                    System.out.printf("%,d puts at once: %.1f s%n", count, seconds);
                }
            }
        }
    }

    /** Each refusal of such a compare-and-set is as large as the value, and is kept for its session. */
    @Test
    void failingCompareAndSetsOfLargeValuesLeaveAnotherShardItsAnswers() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 2, 2)) {
            fleet.startAll();
            try (FlotillaClient client = fresh(fleet);
                    FlotillaClient other = fresh(fleet)) {
                byte[] large = new byte[100 << 10];
                client.put("a", "1");
                List<Double> before = putsInTheSecondShard(other, () -> true);
                CompletableFuture<Double> jam = CompletableFuture.supplyAsync(() -> allAtOnce(
                        GIVEN_AT_ONCE,
                        i -> client.async()
                                .compareAndSet(new byte[] {'a'}, Expectation.version(1L << 40), large)
                                .thenAccept(result -> assertThat(result.done()).isFalse())));
                List<Double> during = putsInTheSecondShard(other, jam::isDone);
                System.out.printf(
                        "%d failing compare-and-sets of 100 KiB: %.1f s; puts in the second shard: median %.1f ms"
                                + " before, %.1f ms during, slowest %.1f ms%n",
                        GIVEN_AT_ONCE,
                        jam.join(),
                        before.get(before.size() / 2),
                        during.get(during.size() / 2),
                        during.get(during.size() - 1));
            }
        }
    }

    private static FlotillaClient fresh(ProcessFleet fleet) {
        return FlotillaClient.connect(ClientConfig.of(fleet.endpoints()).withTimeout(PATIENCE));
    }

    /** @return how many seconds all of them took; none failed */
    private static double allAtOnce(int count, Function<Integer, CompletableFuture<?>> operation) {
        long since = System.nanoTime();
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(operation.apply(i));
        }
        all.forEach(CompletableFuture::join);
        return (System.nanoTime() - since) / 1e9;
    }

    /** Milliseconds of each, the fastest first: 50 one after another at least, and until it is enough. */
    private static List<Double> putsInTheSecondShard(FlotillaClient client, BooleanSupplier isEnough) {
        List<Double> millis = new ArrayList<>();
        while (millis.size() < 50 || !isEnough.getAsBoolean()) {
            long since = System.nanoTime();
            client.put(new byte[] {(byte) 0xf0, (byte) millis.size()}, new byte[10]);
            millis.add((System.nanoTime() - since) / 1e6);
        }
        Collections.sort(millis);
        return millis;
    }
}
