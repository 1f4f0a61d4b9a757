package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes with a thousand groups each, all in one process: how fast they are led, whether they stay so, and what they
 * cost while nobody asks anything. Prints each figure beside its limit. {@code -Dflotilla.idleSeconds=60} looks for longer.
 */
class ThousandGroupsTest {
    private static final int GROUPS = 1000;
    private static final int NODES = 3;
    private static final double MOST_SECONDS_TO_LEADERS = 20;
    private static final int MOST_SECONDS_TO_EVEN = 90;
    private static final double MOST_IDLE_PERCENT = 15;
    private static final int MOST_MORE_THREADS = 8;
    private static final double MOST_HEAP_PER_REPLICA_KIB = 16;
    /** In the first one the compilers are still at work, and a machine's neighbours may be at any time. */
    private static final int MOST_WINDOWS = 3;

    private static final int IDLE_SECONDS = Integer.getInteger("flotilla.idleSeconds", 20);

    @TempDir
    private Path data;

    /** What every replica of every node says: who leads, in which term. */
    private record Leaderships(Map<String, String> byReplica) {
        /** Whether all nodes lead as many groups, within one; without the controller's. */
        boolean areEven() {
            Map<String, Integer> led = new TreeMap<>();
            byReplica.forEach((replica, leader) -> {
                if (!replica.endsWith("/0")) {
                    led.merge(leader.substring(0, leader.indexOf(' ')), 1, Integer::sum);
                }
            });
            return led.size() == NODES && Collections.max(led.values()) - Collections.min(led.values()) <= NODES;
        }
    }

    /** A local fleet as a process of its own. */
    private static final class Dev implements AutoCloseable {
        final Process process;
        final List<String> endpoints = new ArrayList<>();
        final double secondsToReady;

        Dev(Path directory, int groups, int port) throws Exception {
            long start = System.nanoTime();
            List<String> command = List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx1g",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "io.flotilla.ops.Main",
                    "dev",
                    "--groups",
                    Integer.toString(groups),
                    "--shards",
                    Integer.toString(groups),
                    "--data",
                    directory.toString(),
                    "--port",
                    Integer.toString(port),
                    "--http-port",
                    Integer.toString(port + 10));
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            CompletableFuture<String> ready = new CompletableFuture<>();
            Thread reader = new Thread(
                    () -> {
                        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                            ready.complete(String.valueOf(lines.readLine()));
                        } catch (IOException e) {
                            ready.completeExceptionally(e);
                        }
                    },
                    "dev's stdout");
            reader.setDaemon(true);
            reader.start();
            try {
                assertThat(ready.get(100, TimeUnit.SECONDS)).startsWith("ready endpoints=");
            } catch (Throwable e) {
                close();
                throw e;
            }
            secondsToReady = (System.nanoTime() - start) / 1e9;
            for (int i = 0; i < NODES; i++) {
                endpoints.add("127.0.0.1:" + (port + i));
            }
        }

        Leaderships leaderships(AsyncFlotillaClient client) throws Exception {
            Map<String, String> all = new TreeMap<>();
            for (String endpoint : endpoints) {
                NodeStatus node = status(client, endpoint);
                for (ReplicaStatus replica : node.getReplicasList()) {
                    all.put(
                            node.getId() + "/" + replica.getGroup(),
                            replica.getLeader() + " in term " + replica.getTerm());
                }
            }
            return new Leaderships(all);
        }

        /** Leaders are spread evenly by themselves, some at a time. */
        double secondsToEven(AsyncFlotillaClient client) throws Exception {
            long start = System.nanoTime();
            Poll.until(
                    "leaders are even",
                    Duration.ofSeconds(MOST_SECONDS_TO_EVEN),
                    () -> leaderships(client).areEven());
            return (System.nanoTime() - start) / 1e9;
        }

        /** A first connection on a busy machine may take its time. */
        private static NodeStatus status(AsyncFlotillaClient client, String endpoint) throws Exception {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (true) {
                try {
                    return client.nodeStatus(endpoint, Duration.ofSeconds(10)).get(20, TimeUnit.SECONDS);
                } catch (ExecutionException unreachable) {
                    if (System.nanoTime() > end) {
                        throw unreachable;
                    }
                }
            }
        }

        int threads() throws IOException {
            try (var tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
                return (int) tasks.count();
            }
        }

        /** What it takes of a core over the next seconds. */
        double idlePercent() throws InterruptedException {
            Duration used = cpu();
            long start = System.nanoTime();
            assertThat(new CountDownLatch(1).await(IDLE_SECONDS, TimeUnit.SECONDS))
                    .isFalse();
            return 100.0 * cpu().minus(used).toNanos() / (System.nanoTime() - start);
        }

        private Duration cpu() {
            return process.info().totalCpuDuration().orElseThrow();
        }

        /** What is left after a full collection. */
        double liveHeapMib() throws Exception {
            Process jcmd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(process.pid()),
                            "GC.class_histogram")
                    .redirectErrorStream(true)
                    .start();
            String total = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("Total"))
                    .findFirst()
                    .orElseThrow();
            String[] words = total.trim().split("\\s+");
            return Long.parseLong(words[words.length - 1]) / 1048576.0;
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }

    @Test
    @Timeout(value = 8, unit = TimeUnit.MINUTES)
    void aThousandGroupsAreLedSoonStayLedAndStayQuiet() throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/proc/self/task")), "threads and CPU time are read from /proc");
        int fewThreads;
        double fewHeap;
        try (Dev few = new Dev(data.resolve("few"), 4, freePorts())) {
            fewThreads = few.threads();
            fewHeap = few.liveHeapMib();
        }

        try (Dev many = new Dev(data.resolve("many"), GROUPS, freePorts());
                FlotillaClient client = FlotillaClient.connect(String.join(",", many.endpoints))) {
            double secondsToEven = many.secondsToEven(client.async());
            Leaderships before = many.leaderships(client.async());
            assertThat(before.byReplica()).hasSize(NODES * (GROUPS + 1));
            assertThat(before.byReplica().values()).allMatch(leader -> leader.startsWith("n"));

            int seconds = 0;
            double percent = Double.MAX_VALUE;
            for (int window = 1; window <= MOST_WINDOWS && percent >= MOST_IDLE_PERCENT; window++) {
                double here = many.idlePercent();
                print("idle for %d s, window %d: %.1f %% of a core", IDLE_SECONDS, window, here);
                percent = Math.min(percent, here);
                seconds += IDLE_SECONDS;
            }
            int moreThreads = many.threads() - fewThreads;
            Leaderships after = many.leaderships(client.async());
            double perReplica = (many.liveHeapMib() - fewHeap) * 1024 / (NODES * (GROUPS - 4));

            long changed = before.byReplica().entrySet().stream()
                    .filter(each -> !each.getValue().equals(after.byReplica().get(each.getKey())))
                    .count();
            print(
                    "all %d groups on %d nodes led after %.1f s (at most %.0f)",
                    GROUPS, NODES, many.secondsToReady, MOST_SECONDS_TO_LEADERS);
            print("leaders even %.1f s later (at most %d)", secondsToEven, MOST_SECONDS_TO_EVEN);
            print("leaderships that changed within %d s: %d (none may)", seconds, changed);
            print("idle: %.1f %% of a core for the three nodes together (at most %.0f)", percent, MOST_IDLE_PERCENT);
            print("threads: %d more than with 4 groups (at most %d)", moreThreads, MOST_MORE_THREADS);
            print("live heap: %.1f KiB per replica (at most %.0f)", perReplica, MOST_HEAP_PER_REPLICA_KIB);

            assertThat(changed).isZero();
            assertThat(many.secondsToReady).isLessThan(MOST_SECONDS_TO_LEADERS);
            assertThat(percent).isLessThan(MOST_IDLE_PERCENT);
            assertThat(moreThreads).isLessThanOrEqualTo(MOST_MORE_THREADS);
            assertThat(perReplica).isLessThan(MOST_HEAP_PER_REPLICA_KIB);
        }
    }

    private static void print(String format, Object... arguments) {
        System.out.println("thousand groups: " + String.format(Locale.ROOT, format, arguments));
    }

    /** The first of some ports in a row that are free now, those of the pages ten above. */
    private static int freePorts() throws IOException {
        for (int attempt = 0; attempt < 100; attempt++) {
            int first;
            try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                first = any.getLocalPort();
            }
            boolean free = first < 65_000;
            for (int i = 0; free && i < NODES; i++) {
                free = isFree(first + i) && isFree(first + 10 + i);
            }
            if (free) {
                return first;
            }
        }
        throw new IOException("no row of free ports found");
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
