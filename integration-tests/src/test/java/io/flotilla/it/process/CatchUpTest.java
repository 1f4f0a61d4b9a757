package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node is down while more is written than the others' logs hold. It comes back by snapshots of its groups, while writes go
 * on, and ends with the same state.
 *
 * <p>By default 64 MiB against logs of 16 MiB. {@code -Dflotilla.catchup.mib=1024 -Dflotilla.catchup.logMib=256} is the
 * same with a node's own defaults.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class CatchUpTest {
    private static final int VALUE_BYTES = 1 << 10;
    private static final int GROUPS = 4;

    @TempDir
    Path directory;

    private final AtomicBoolean goOn = new AtomicBoolean(true);

    @Test
    void aNodeThatWasAwayForMoreThanTheLogHoldsCatchesUpBySnapshots() throws Exception {
        long mib = Long.getLong("flotilla.catchup.mib", 64);
        long logMib = Long.getLong("flotilla.catchup.logMib", 16);
        // the budget, and what the log may have in hand while it is cut: three segments, each a quarter of the budget
        long bound = (logMib * 7 / 4) << 20;
        try (ProcessFleet fleet = new ProcessFleet(directory, GROUPS, 16).withNodeFlags("--log-size", logMib + "MiB")) {
            fleet.startAll();
            try (FlotillaClient blocking = FlotillaClient.connect(fleet.endpoints())) {
                AsyncFlotillaClient client = blocking.async();
                ThreeNodes.write(client, 0, 1_000, VALUE_BYTES);
                fleet.kill("n3");
                long start = System.nanoTime();
                long largest = 0;
                long values = mib << 20 >> 10;
                for (long from = 0; from < values; from += 4_096) {
                    ThreeNodes.write(client, from, Math.min(values, from + 4_096), VALUE_BYTES);
                    largest = Math.max(largest, Math.max(logBytes(fleet, "n1"), logBytes(fleet, "n2")));
                }
                double writing = seconds(start);
                assertThat(largest).as("bytes in a log directory").isLessThan(bound);
                assertThat(ThreeNodes.status(client, fleet, "n1").getCounters().getLogsCut())
                        .isPositive();

                CompletableFuture<Long> later = writeOn(client, values);
                start = System.nanoTime();
                fleet.launch("n3");
                fleet.awaitReady("n3");
                double ready = seconds(start);
                awaitSnapshots(client, fleet);
                double snapshots = seconds(start);
                goOn.set(false);
                long end = later.get(2, TimeUnit.MINUTES);
                assertThat(end).as("writes went on").isGreaterThan(values);
                ThreeNodes.awaitEqualChecksums(client, fleet, GROUPS);
                NodeStatus caughtUp = ThreeNodes.status(client, fleet, "n3");
                System.out.printf(
                        Locale.ROOT,
                        "%d MiB written in %.1f s with one of three nodes down, %d values more while it came back;"
                                + " logs took at most %d MiB; the node was ready after %.1f s, had installed %d snapshots"
                                + " (%d MiB received) after %.1f s, and all checksums were equal after %.1f s%n",
                        mib,
                        writing,
                        end - values,
                        largest >> 20,
                        ready,
                        caughtUp.getCounters().getSnapshotsInstalled(),
                        caughtUp.getCounters().getSnapshotBytesReceived() >> 20,
                        snapshots,
                        seconds(start));
                for (String id : ThreeNodes.NODES) {
                    assertThat(logBytes(fleet, id)).as("log of " + id).isLessThan(bound);
                }
            }
        }
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    /** Writes slowly until it is told to stop; completes with the number after the last one. */
    private CompletableFuture<Long> writeOn(AsyncFlotillaClient client, long from) {
        CompletableFuture<Long> over = new CompletableFuture<>();
        Thread writer = new Thread(() -> {
            long number = from;
            try {
                while (goOn.get()) {
                    ThreeNodes.write(client, number, number + 8, VALUE_BYTES);
                    number += 8;
                }
                over.complete(number);
            } catch (Exception e) {
                over.completeExceptionally(e);
            }
        });
        writer.start();
        return over;
    }

    /** Until each data group of the node that was away has come as a snapshot, and has applied what came since. */
    private static void awaitSnapshots(AsyncFlotillaClient client, ProcessFleet fleet) throws Exception {
        Poll.until("n3 installed snapshots of its groups and follows", Duration.ofMinutes(5), () -> {
            NodeStatus behind = ThreeNodes.status(client, fleet, "n3");
            if (behind.getCounters().getSnapshotsInstalled() < GROUPS) {
                return false;
            }
            TreeMap<Long, Long> applied = new TreeMap<>();
            for (ReplicaStatus replica : ThreeNodes.status(client, fleet, "n1").getReplicasList()) {
                applied.put(replica.getGroup(), replica.getAppliedIndex());
            }
            return behind.getReplicasList().stream()
                    .allMatch(replica -> replica.getAppliedIndex() + 1_000 >= applied.get(replica.getGroup()));
        });
    }

    /** What the files of a log take on the disk. */
    private static long logBytes(ProcessFleet fleet, String id) throws IOException {
        try (Stream<Path> files = Files.list(fleet.data(id).resolve("log"))) {
            long sum = 0;
            for (Path file : files.toList()) {
                sum += Files.exists(file) ? size(file) : 0;
            }
            return sum;
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException gone) {
            return 0;
        }
    }
}
