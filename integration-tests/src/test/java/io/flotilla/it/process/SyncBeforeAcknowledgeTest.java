package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.flotilla.client.FlotillaClient;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operating system's own word on durability: system calls of the node processes, seen by strace. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SyncBeforeAcknowledgeTest {
    private static final int PUTS = 20;
    private static final Pattern CALL =
            Pattern.compile("^(\\d+) +(\\d+\\.\\d+) fdatasync\\(\\d+\\).*= 0 <(\\d+\\.\\d+)>$");
    private static final Pattern RESUMED =
            Pattern.compile("^(\\d+) +(\\d+\\.\\d+) <\\.\\.\\. fdatasync resumed>\\).*= 0 <(\\d+\\.\\d+)>$");

    private static final String MISSING =
            "syncs are not counted: strace is not installed; install it (Debian: apt-get install strace)";

    @TempDir
    Path directory;

    @Test
    void aPutIsAcknowledgedOnlyAfterTwoNodesHaveSyncedIt() throws Exception {
        if (!hasStrace()) {
            System.err.println("SKIPPED: " + MISSING);
        }
        assumeTrue(hasStrace(), MISSING);
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            List<double[]> puts = new ArrayList<>();
            Map<String, Process> tracers = new TreeMap<>();
            try (FlotillaClient client = FlotillaClient.connect(fleet.endpoints())) {
                client.put("warm", "up");
                for (String id : List.of("n1", "n2", "n3")) {
                    tracers.put(id, trace(fleet.pid(id), directory.resolve(id + ".strace")));
                }
                for (int i = 0; i < PUTS; i++) {
                    double begun = now();
                    client.put("key-" + i, "value");
                    puts.add(new double[] {begun, now()});
                }
            } finally {
                for (Process tracer : tracers.values()) {
                    tracer.destroy();
                    tracer.waitFor();
                }
            }
            Map<String, List<Double>> syncs = new TreeMap<>();
            for (String id : tracers.keySet()) {
                syncs.put(id, completions(directory.resolve(id + ".strace")));
            }
            for (double[] put : puts) {
                long synced = syncs.values().stream()
                        .filter(ends -> ends.stream().anyMatch(end -> put[0] <= end && end <= put[1]))
                        .count();
                assertThat(synced)
                        .as("nodes with a sync that ended within the put %.6f–%.6f: %s", put[0], put[1], syncs)
                        .isGreaterThanOrEqualTo(2);
            }
        }
    }

    private static boolean hasStrace() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "strace")));
    }

    private static Process trace(long pid, Path output) throws Exception {
        Process tracer = new ProcessBuilder(
                        "strace",
                        "-f",
                        "-ttt",
                        "-T",
                        "-e",
                        "trace=fdatasync",
                        "-o",
                        output.toString(),
                        "-p",
                        Long.toString(pid))
                .redirectErrorStream(true)
                .start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(tracer.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        assertThat(line).as("strace must be installed and allowed to attach").contains("attached");
        return tracer;
    }

    private static double now() {
        Duration since = Duration.between(Instant.EPOCH, Instant.now());
        return since.toSeconds() + since.toNanosPart() / 1e9;
    }

    /** When each successful sync of the traced process ended, in seconds since 1970. */
    private static List<Double> completions(Path trace) throws Exception {
        List<Double> ends = new ArrayList<>();
        for (String line : Files.readAllLines(trace)) {
            Matcher call = CALL.matcher(line);
            Matcher resumed = RESUMED.matcher(line);
            if (call.matches()) {
                ends.add(Double.parseDouble(call.group(2)) + Double.parseDouble(call.group(3)));
            } else if (resumed.matches()) {
                ends.add(Double.parseDouble(resumed.group(2)));
            }
        }
        return ends;
    }
}
