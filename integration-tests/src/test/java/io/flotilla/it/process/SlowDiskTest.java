package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes with disks that are slow, but not still: {@code strace} holds each {@code fdatasync} back. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class SlowDiskTest {
    private static final List<String> IDS = List.of("n1", "n2", "n3");
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final int IN_FLIGHT = 16;

    /** What another process on the machine may add to a put; the syncs take half a second and more. */
    private static final double NOISE_MILLIS = 50;

    /** One of them, unless all are asked for. */
    private static final List<Long> DELAYS_MILLIS =
            "full".equals(System.getProperty("flotilla.slowDisk")) ? List.of(500L, 1_500L, 3_900L) : List.of(1_500L);

    @TempDir
    Path directory;

    @Test
    void aNodeWithASlowDiskHandsOverAndSaysThatItIsSlowAndWhereAllAreSlowNothingMoves() throws Exception {
        Strace.assumeInstalled();
        try (ProcessFleet fleet = new ProcessFleet(directory, 4, 8)) {
            fleet.startAll();
            ClientConfig config = ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofSeconds(60));
            try (FlotillaClient client = FlotillaClient.connect(config)) {
                puts(client, 3);
                for (long millis : DELAYS_MILLIS) {
                    double healthy = puts(client, 3);
                    Map<String, Double> leading = leading(fleet);
                    String id = Collections.max(leading.entrySet(), Map.Entry.comparingByValue())
                            .getKey();
                    try (Strace slow = hold(fleet, id, millis)) {
                        puts(client, 10);
                        double after = puts(client, 3);
                        System.out.printf(
                                "%s: %s led %.0f groups, then %.0f; p50 of puts %.1f ms, then %.1f ms%n",
                                slow, id, leading.get(id), leading(fleet).get(id), healthy, after);
                        assertThat(leading(fleet).get(id))
                                .as("groups led with %s", slow)
                                .isZero();
                        assertThat(after).as("p50 of puts with %s", slow).isLessThan(3 * healthy + NOISE_MILLIS);
                        assertThat(metric(fleet, id, "flotilla_disk_slow")).isEqualTo(1);
                        assertThat(metric(fleet, id, "flotilla_disk_sync_seconds"))
                                .isGreaterThan(0.4);
                        assertThat(fleet.run("status").ok())
                                .contains(id + " ")
                                .contains("its disk is slow: writes to its log take");
                    }
                    assertThat(Files.readString(fleet.data(id).resolve("logs").resolve("flotilla.log")))
                            .contains(id + ": its disk is slow: writes to its log take");
                    long began = System.nanoTime();
                    while (metric(fleet, id, "flotilla_disk_slow") > 0) {
                        assertThat(System.nanoTime() - began).isLessThan(30_000_000_000L);
                        puts(client, 1);
                    }
                }
                allSlow(fleet, client);
            }
        }
    }

    private static void allSlow(ProcessFleet fleet, FlotillaClient client) throws Exception {
        try (Strace one = hold(fleet, "n1", 1_500);
                Strace two = hold(fleet, "n2", 1_500);
                Strace three = hold(fleet, "n3", 1_500)) {
            puts(client, 8);
            Map<String, Double> leading = leading(fleet);
            for (int i = 0; i < 4; i++) {
                puts(client, 4);
                assertThat(leading(fleet)).as("%s, %s, %s", one, two, three).isEqualTo(leading);
            }
            for (String id : IDS) {
                assertThat(metric(fleet, id, "flotilla_disk_slow")).isEqualTo(1);
            }
        }
    }

    private static Strace hold(ProcessFleet fleet, String id, long millis) throws Exception {
        return Strace.inject(fleet.pid(id), "fdatasync:delay_exit=" + millis * 1_000);
    }

    private static Map<String, Double> leading(ProcessFleet fleet) throws Exception {
        Map<String, Double> leading = new TreeMap<>();
        for (String id : IDS) {
            leading.put(id, metric(fleet, id, "flotilla_replicas_leading"));
        }
        return leading;
    }

    private static double metric(ProcessFleet fleet, String id, String name) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + fleet.httpPort(id) + "/metrics"))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    /** Keeps some puts under way for so long. @return the median of how long they took, in milliseconds */
    private static double puts(FlotillaClient client, long seconds) throws Exception {
        List<Double> millis = Collections.synchronizedList(new ArrayList<>());
        Semaphore places = new Semaphore(IN_FLIGHT);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        byte[] value = new byte[100];
        for (int i = 0; System.nanoTime() < end; i++) {
            if (!places.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                continue;
            }
            long begun = System.nanoTime();
            // spread over the key space, and so over all groups
            byte[] key = (Integer.toHexString(i * 0x9E3779B1) + "-key").getBytes(StandardCharsets.US_ASCII);
            key[0] = (byte) (i * 37);
            client.async().put(key, value).whenComplete((version, failure) -> {
                millis.add((System.nanoTime() - begun) / 1e6);
                places.release();
            });
        }
        List<Double> sorted = new ArrayList<>(List.copyOf(millis));
        Collections.sort(sorted);
        return sorted.isEmpty() ? Double.MAX_VALUE : sorted.get(sorted.size() / 2);
    }
}
