package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Strangers of all kinds at one of three nodes while the fleet's own clients work: the node serves on, no term moves, and afterwards it
 * holds no more than before. Small by default; {@code -Dflotilla.strangers=full} is two minutes of 20,000 invented names, 10,000 frames
 * that are none, 2,000 silent connections and 100,000 frames with flipped bits.
 */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class StrangersFloodTest {
    private static final boolean IS_FULL = "full".equals(System.getProperty("flotilla.strangers"));
    private static final int SECONDS = IS_FULL ? 120 : 6;
    private static final int SHARE = IS_FULL ? 1 : 20;
    private static final int IN_FLIGHT = 64;
    /** What a process of its own accord may have more or less of: threads' stacks of files, a class that was loaded. */
    private static final int DESCRIPTORS = 16;

    @TempDir
    Path directory;

    @Test
    void strangersMoveNoTermAndLeaveNothingBehind() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 3, 3).withJavaFlags("-Xmx400m")) {
            fleet.startAll();
            ClientConfig config = ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofSeconds(20));
            try (FlotillaClient client = FlotillaClient.connect(config)) {
                puts(client.async(), Duration.ofSeconds(IS_FULL ? 20 : 3));
                double before = puts(client.async(), Duration.ofSeconds(IS_FULL ? 30 : 3));
                Map<String, Long> terms = terms(fleet, client);
                long heap = liveHeap(fleet.pid("n1"));
                long descriptors = descriptors(fleet.pid("n1"));
                Process flood = fleet.beginMain(
                        StrangerFlood.class.getName(),
                        "-Xmx512m",
                        fleet.address("n1"),
                        "n2",
                        Integer.toString(20_000 / SHARE),
                        Integer.toString(10_000 / SHARE),
                        Integer.toString(2_000 / SHARE),
                        Integer.toString(100_000 / SHARE),
                        Integer.toString(SECONDS));
                double during = puts(client.async(), Duration.ofSeconds(SECONDS));
                assertThat(flood.waitFor(2, TimeUnit.MINUTES)).isTrue();
                try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(flood.getInputStream(), StandardCharsets.UTF_8))) {
                    System.out.println(said.readLine());
                }
                assertThat(flood.exitValue()).isZero();
                Map<String, Long> after = terms(fleet, client);
                Poll.until(
                        "as many descriptors as before",
                        Duration.ofMinutes(1),
                        () -> descriptors(fleet.pid("n1")) <= descriptors + DESCRIPTORS);
                long heapAfter = liveHeap(fleet.pid("n1"));
                System.out.printf(
                        "puts/s before %.0f, during %.0f (%.0f %%); live heap of n1 %.1f MiB, then %.1f; descriptors %d,"
                                + " then %d; terms %s, then %s%n",
                        before,
                        during,
                        100 * during / before,
                        heap / 1048576.0,
                        heapAfter / 1048576.0,
                        descriptors,
                        descriptors(fleet.pid("n1")),
                        terms,
                        after);
                // an election on a busy machine is none of the strangers' doing: theirs would go far
                after.forEach((group, term) -> assertThat(term).as(group).isLessThan(terms.get(group) + 20));
                assertThat(heapAfter).isLessThan(heap + heap / 2);
                for (String id : ThreeNodes.NODES) {
                    assertThat(fleet.isRunning(id)).isTrue();
                    assertThat(fleet.stderrOf(id)).isEmpty();
                    String log = Files.readString(fleet.data(id).resolve("logs").resolve("flotilla.log"));
                    assertThat(log)
                            .doesNotContain("OutOf")
                            .doesNotContain("ERROR")
                            .doesNotContain("\tat ");
                    assertThat(log.lines().filter(line -> line.contains("refused a stream")))
                            .as("lines about strangers")
                            .hasSizeLessThan(20 + SECONDS);
                }
            }
        }
    }

    /** Puts a second. */
    private static double puts(AsyncFlotillaClient client, Duration length) throws Exception {
        Semaphore room = new Semaphore(IN_FLIGHT);
        AtomicLong done = new AtomicLong();
        long begun = System.nanoTime();
        for (int i = 0; System.nanoTime() - begun < length.toNanos(); i++) {
            room.acquire();
            client.put(("key-" + i % 1_000).getBytes(StandardCharsets.UTF_8), new byte[128])
                    .whenComplete((result, failed) -> {
                        if (failed == null) {
                            done.incrementAndGet();
                        }
                        room.release();
                    });
        }
        room.acquire(IN_FLIGHT);
        return done.get() / ((System.nanoTime() - begun) / 1e9);
    }

    private static Map<String, Long> terms(ProcessFleet fleet, FlotillaClient client) throws Exception {
        Map<String, Long> terms = new TreeMap<>();
        for (String id : ThreeNodes.NODES) {
            NodeStatus status = ThreeNodes.status(client.async(), fleet, id);
            for (ReplicaStatus replica : status.getReplicasList()) {
                terms.merge("g" + replica.getGroup(), replica.getTerm(), Math::max);
            }
        }
        return terms;
    }

    private static long liveHeap(long pid) throws Exception {
        Process histogram = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(pid),
                        "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        String last = "";
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(histogram.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                last = line.isBlank() ? last : line;
            }
        }
        String[] words = last.trim().split("\\s+");
        assertThat(words[0]).as(last).isEqualTo("Total");
        return Long.parseLong(words[2]);
    }

    private static long descriptors(long pid) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return all.count();
        }
    }
}
