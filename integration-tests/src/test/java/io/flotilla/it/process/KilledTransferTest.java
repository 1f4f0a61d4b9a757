package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.FlotillaClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node fetches a snapshot while it, or the node that sends it, is killed again and again. What was sent in all is at most a tenth more than
 * the snapshot has; of one below 400 MiB, a window for each kill.
 *
 * <p>By default 160 MiB at 16 MiB/s. {@code -Dflotilla.transfer.mib=2048 -Dflotilla.transfer.rate=64MiB} is the full size.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class KilledTransferTest {
    private static final int VALUE_BYTES = 4 << 10;
    private static final int KILLS = 10;
    /** What a kill may cost: the window of 3 MiB, and what is sent until the count is read and the process is dead. */
    private static final long LOST_BYTES = 4L << 20;

    @TempDir
    Path directory;

    private long largest;

    @Test
    void tenKillsAtEitherEndCostAWindowEach() throws Exception {
        long mib = Long.getLong("flotilla.transfer.mib", 160);
        String rate = System.getProperty("flotilla.transfer.rate", "16MiB");
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 4)
                .withJavaFlags("-Xmx384m")
                .withNodeFlags("--log-size", "16MiB", "--transfer-rate", rate)) {
            fleet.startAll();
            try (FlotillaClient blocking = FlotillaClient.connect(fleet.endpoints())) {
                AsyncFlotillaClient client = blocking.async();
                ThreeNodes.write(client, 0, 100, VALUE_BYTES);
                fleet.kill("n3");
                long values = (mib << 20) / VALUE_BYTES;
                ThreeNodes.write(client, 100, values, VALUE_BYTES);
                fleet.launch("n3");
                long start = System.nanoTime();
                long expected = mib << 20;
                long sent = 0;
                for (int kill = 0; kill < KILLS; kill++) {
                    long threshold = expected * (kill + 1) / (KILLS + 2);
                    Poll.until("parts up to " + threshold, Duration.ofMinutes(5), () -> held(fleet) >= threshold);
                    String sender = sender(client, fleet);
                    if (kill % 2 == 0) {
                        fleet.kill("n3");
                        fleet.launch("n3");
                    } else {
                        sent += ThreeNodes.status(client, fleet, sender)
                                .getCounters()
                                .getSnapshotBytesSent();
                        fleet.kill(sender);
                        fleet.launch(sender);
                        fleet.awaitReady(sender);
                    }
                }
                Poll.until("all parts were there", Duration.ofMinutes(5), () -> {
                    held(fleet);
                    return installed(client, fleet) > 0;
                });
                fleet.awaitReady("n3");
                for (String id : List.of("n1", "n2")) {
                    sent += ThreeNodes.status(client, fleet, id).getCounters().getSnapshotBytesSent();
                }
                System.out.printf(
                        Locale.ROOT,
                        "a snapshot of %.1f MiB arrived after %d kills in %.1f s; %.1f MiB were sent in all, %.3f times its"
                                + " size%n",
                        largest / 1048576.0,
                        KILLS,
                        (System.nanoTime() - start) / 1e9,
                        sent / 1048576.0,
                        (double) sent / largest);
                assertThat(largest).isGreaterThan(expected);
                assertThat(sent).isBetween(largest, Math.max(largest * 11 / 10, largest + KILLS * LOST_BYTES));
                assertThat(installed(client, fleet)).isEqualTo(1);
                ThreeNodes.awaitEqualChecksums(client, fleet, 1);
                Poll.until(
                        "nothing is left",
                        Duration.ofMinutes(1),
                        () -> names(fleet, "n3", "transfers").isEmpty()
                                && names(fleet, "n1", "engine/kept").isEmpty()
                                && names(fleet, "n2", "engine/kept").isEmpty());
            }
        }
    }

    /** Bytes of the parts that the node keeps; 0 while there are none. */
    private long held(ProcessFleet fleet) throws IOException {
        long sum = 0;
        for (Path file : names(fleet, "n3", "transfers")) {
            try {
                sum += Files.size(file);
            } catch (IOException gone) {
                return 0;
            }
        }
        largest = Math.max(largest, sum);
        return sum;
    }

    private static List<Path> names(ProcessFleet fleet, String id, String below) throws IOException {
        Path there = fleet.data(id).resolve(below);
        if (!Files.isDirectory(there)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(there)) {
            return files.toList();
        }
    }

    private static String sender(AsyncFlotillaClient client, ProcessFleet fleet) throws Exception {
        long one = ThreeNodes.status(client, fleet, "n1").getCounters().getSnapshotBytesSent();
        long other = ThreeNodes.status(client, fleet, "n2").getCounters().getSnapshotBytesSent();
        return one >= other ? "n1" : "n2";
    }

    private static long installed(AsyncFlotillaClient client, ProcessFleet fleet) {
        try {
            return ThreeNodes.status(client, fleet, "n3").getCounters().getSnapshotsInstalled();
        } catch (Exception notThere) {
            return 0;
        }
    }
}
