package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.FlotillaClient;
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

    @TempDir
    Path directory;

    @Test
    void aPutIsAcknowledgedOnlyAfterTwoNodesHaveSyncedIt() throws Exception {
        Strace.assumeInstalled();
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            List<double[]> puts = new ArrayList<>();
            Map<String, Strace> tracers = new TreeMap<>();
            try (FlotillaClient client = FlotillaClient.connect(fleet.endpoints())) {
                client.put("warm", "up");
                for (String id : List.of("n1", "n2", "n3")) {
                    tracers.put(id, Strace.record(fleet.pid(id), "fdatasync", directory.resolve(id + ".strace")));
                }
                for (int i = 0; i < PUTS; i++) {
                    double begun = now();
                    client.put("key-" + i, "value");
                    puts.add(new double[] {begun, now()});
                }
            } finally {
                for (Strace tracer : tracers.values()) {
                    tracer.close();
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
