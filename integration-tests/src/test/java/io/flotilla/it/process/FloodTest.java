package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import java.io.BufferedReader;
import java.io.InputStreamReader;
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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that want more than a small node has: they are told to wait, and nobody else suffers much. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class FloodTest {
    private static final int CLIENTS = 64;
    private static final Duration FLOOD = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    @Test
    void aFloodOfLargeBatchesNeitherFillsASmallNodeNorStopsOthers() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1).withJavaFlags("-Xmx256m")) {
            fleet.startAll();
            ClientConfig config = ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofMinutes(2));
            try (FlotillaClient client = FlotillaClient.connect(config)) {
                puts(client, 100);
                List<Double> before = puts(client, 200);
                Process flood = fleet.beginMain(
                        Flooder.class.getName(),
                        "-Xmx3g",
                        fleet.endpoints(),
                        Integer.toString(CLIENTS),
                        Long.toString(FLOOD.toSeconds()));
                List<Double> during = new ArrayList<>();
                double peakHeap = 0;
                long peakResident = 0;
                while (flood.isAlive()) {
                    during.addAll(puts(client, 10));
                    for (String id : List.of("n1", "n2", "n3")) {
                        peakHeap = Math.max(peakHeap, heap(fleet, id));
                        peakResident = Math.max(peakResident, resident(fleet.pid(id)));
                    }
                }
                String told;
                try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(flood.getInputStream(), StandardCharsets.UTF_8))) {
                    told = said.readLine();
                }
                long since = System.nanoTime();
                double usual = Math.max(20, 3 * percentile(before, 50));
                while (percentile(puts(client, 20), 50) > usual) {
                    assertThat(System.nanoTime() - since)
                            .as("time until a put is as fast again as before")
                            .isLessThan(180_000_000_000L);
                }
                double normalAfter = (System.nanoTime() - since) / 1e9;

                System.out.printf(
                        "flood: %s; small puts: before p50 %.1f ms, during %d: p50 %.1f p99 %.1f max %.1f ms;"
                                + " nodes: peak heap %.0f MiB, peak resident %d MiB; normal again after %.1f s%n",
                        told,
                        percentile(before, 50),
                        during.size(),
                        percentile(during, 50),
                        percentile(during, 99),
                        Collections.max(during),
                        peakHeap / (1 << 20),
                        peakResident >> 20,
                        normalAfter);
                assertThat(told).contains("refused busy=").doesNotContain("refused busy=0 ");
                // on a machine that is busy with other work, too, small puts are far from their timeout
                assertThat(percentile(during, 99)).isLessThan(1_000 + 20 * percentile(before, 99));
                for (String id : List.of("n1", "n2", "n3")) {
                    assertThat(fleet.isRunning(id)).isTrue();
                    assertThat(fleet.stderrOf(id)).isEmpty();
                    assertThat(Files.readString(fleet.data(id).resolve("logs").resolve("flotilla.log")))
                            .doesNotContain("OutOf")
                            .doesNotContain("ERROR");
                }
            }
        }
    }

    /** How long each took, in milliseconds. */
    private static List<Double> puts(FlotillaClient client, int count) {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long begun = System.nanoTime();
            client.put("small-" + i % 10, "value");
            millis.add((System.nanoTime() - begun) / 1e6);
        }
        return millis;
    }

    private static double percentile(List<Double> values, int percent) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
    }

    private static double heap(ProcessFleet fleet, String id) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + fleet.httpPort(id) + "/metrics"))
                .timeout(Duration.ofMinutes(2))
                .build();
        String metrics = HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
        return metrics.lines()
                .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    private static long resident(long pid) throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        return 0;
    }
}
