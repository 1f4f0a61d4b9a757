package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.FlotillaException;
import io.flotilla.client.IndeterminateException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What node processes do when their disk fails, hangs, is full or takes no writes: they stop serving, say why in one line,
 * end with exit code 5, and come back when the disk does. The lines are printed, and stand in the operator's guide.
 */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class DiskFaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** A put that a node without a disk never answers waits so long. */
    private static final Duration PUT_PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    /** The last line on standard error of a node that ended with exit code 5. */
    private static String lastWords(ProcessFleet fleet, String id) throws Exception {
        assertThat(fleet.awaitExit(id, PATIENCE.toSeconds()))
                .as("exit code of %s, which said: %s", id, fleet.stderrOf(id))
                .isEqualTo(5);
        List<String> lines = fleet.stderrOf(id).lines().toList();
        String line = lines.get(lines.size() - 1);
        System.out.println("exit 5: " + line);
        return line;
    }

    private static FlotillaClient patientClient(ProcessFleet fleet) {
        return FlotillaClient.connect(ClientConfig.of(fleet.endpoints()).withTimeout(PUT_PATIENCE));
    }

    /** A node alone, so that nobody else can acknowledge for it. */
    @Test
    void afterAFailedSyncNothingIsAcknowledgedAndTheNodeEnds() throws Exception {
        Strace.assumeInstalled();
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1")) {
            fleet.startAll();
            try (FlotillaClient client = patientClient(fleet)) {
                client.put("before", "1");
                try (Strace failing = Strace.inject(fleet.pid("n1"), "fdatasync:error=EIO:when=1+")) {
                    assertThatThrownBy(() -> client.put("after", "2"))
                            .as("a put whose sync failed, after %s", failing)
                            .isInstanceOf(FlotillaException.class);
                    assertThat(lastWords(fleet, "n1"))
                            .contains("can't sync " + fleet.data("n1").resolve("log"))
                            .contains("Input/output error")
                            .contains("nothing more is acknowledged")
                            .contains("mend the disk, then start the node again");
                }
                fleet.launch("n1");
                fleet.awaitReady("n1");
                assertThat(client.get("before").orElseThrow().text()).isEqualTo("1");
                client.put("again", "3");
            }
        }
    }

    @Test
    void aSyncThatHangsEndsTheNodeAndTheOthersGoOn() throws Exception {
        Strace.assumeInstalled();
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1).withNodeFlags("--disk-timeout", "4s")) {
            fleet.startAll();
            try (FlotillaClient client = patientClient(fleet)) {
                client.put("before", "1");
                // strace itself keeps a process from ending while it holds one of its calls back
                try (Strace hanging = Strace.inject(fleet.pid("n1"), "fdatasync:delay_enter=12000000")) {
                    client.put("while", "2");
                    assertThat(lastWords(fleet, "n1"))
                            .as("after %s", hanging)
                            .contains(fleet.data("n1").resolve("log").toString())
                            .contains("a write to the log has not come back for 4 s: the disk hangs");
                }
                client.put("after", "3");
                mustCatchUp(fleet, client, "n1", "n2");
                assertThat(client.get("while").orElseThrow().text()).isEqualTo("2");
                assertThat(client.get("after").orElseThrow().text()).isEqualTo("3");
            }
        }
    }

    /** The node comes back; without another one its word is then needed for everything. */
    private static void mustCatchUp(ProcessFleet fleet, FlotillaClient client, String id, String instead)
            throws Exception {
        fleet.launch(id);
        fleet.awaitReady(id);
        fleet.kill(instead);
        client.put("with-" + id, "up to date");
        assertThat(client.get("with-" + id).orElseThrow().text()).isEqualTo("up to date");
    }

    @Test
    void aFullDiskEndsTheNodeTheOthersGoOnAndItCatchesUpOnceThereIsRoom() throws Exception {
        try (LoopDisk disk = LoopDisk.mounted(directory, 288);
                ProcessFleet fleet = new ProcessFleet(directory, 2, 4).withData("n1", disk.root())) {
            fleet.startAll();
            Path filler = disk.fill(174);
            try (FlotillaClient client = patientClient(fleet)) {
                String value = "v".repeat(200_000);
                int written = 0;
                while (fleet.isRunning("n1") && written < 5_000) {
                    client.put("key-" + written % 50, value + written);
                    written++;
                }
                String words = lastWords(fleet, "n1");
                assertThat(words)
                        .contains(disk.root().toString())
                        .contains("No space left on device")
                        .contains("make room on the disk, then start the node again");
                client.put("others", "serve");
                fleet.launch("n1");
                assertThat(lastWords(fleet, "n1")).contains("No space left on device");
                disk.delete(filler);
                mustCatchUp(fleet, client, "n1", "n2");
                int last = written - 1;
                assertThat(client.get("key-" + last % 50).orElseThrow().text()).isEqualTo(value + last);
                assertThat(client.get("others").orElseThrow().text()).isEqualTo("serve");
            }
        }
    }

    @Test
    void aDiskThatBecomesReadOnlyEndsTheNodeAndItCatchesUpOnceItIsMended() throws Exception {
        try (LoopDisk disk = LoopDisk.mounted(directory, 160);
                ProcessFleet fleet = new ProcessFleet(directory, 2, 4).withData("n1", disk.root())) {
            fleet.startAll();
            try (FlotillaClient client = patientClient(fleet)) {
                client.put("before", "1");
                disk.turnReadOnly();
                for (int i = 0; i < 4; i++) {
                    client.put("key-" + i, "while");
                }
                assertThat(lastWords(fleet, "n1"))
                        .contains(disk.root().toString())
                        .contains("Read-only file system")
                        .contains("takes no writes");
                fleet.launch("n1");
                assertThat(lastWords(fleet, "n1")).contains("Read-only file system");
                disk.mend();
                mustCatchUp(fleet, client, "n1", "n2");
                assertThat(client.get("before").orElseThrow().text()).isEqualTo("1");
            } catch (IndeterminateException e) {
                throw new AssertionError("the two others must acknowledge", e);
            }
        }
    }
}
