package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a running load sees while the processes under it are killed. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class NodeKillsTest {
    @TempDir
    Path directory;

    @Test
    void eachNodeKilledInTurnUnderALoadLosesNothingAndStallsItUnderThreeSeconds() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 4, 16)) {
            fleet.startAll();
            AtomicBoolean killing = new AtomicBoolean(true);
            Rows rows = new Rows(n -> killing.get());
            Process load = fleet.begin("load", "-", "--output", "json");
            CompletableFuture<ProcessFleet.Result> loaded = new CompletableFuture<>();
            Thread feeder = new Thread(() -> {
                try {
                    loaded.complete(fleet.finish(load, rows));
                } catch (Exception e) {
                    loaded.completeExceptionally(e);
                }
            });
            feeder.start();
            for (String id : new String[] {"n1", "n2", "n3"}) {
                fleet.kill(id);
                fleet.launch(id);
                fleet.awaitReady(id);
            }
            killing.set(false);
            ProcessFleet.Result result = loaded.get(120, TimeUnit.SECONDS);
            assertThat(result.ok()).contains("\"rows\":" + rows.count());
            assertThat(longestStallMillis(result.text()))
                    .as("longest time without an acknowledged row, ms")
                    .isLessThan(3_000);
            assertThat(Rows.digestOf(fleet.run("dump").stdout())).isEqualTo(rows.digest());
        }
    }

    @Test
    void allNodesKilledUnderALoadKeepWhatTheCheckpointClaimsAndTheLoadResumes() throws Exception {
        long total = 200_000;
        Path input = directory.resolve("input.tsv");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(input))) {
            for (long i = 0; i < total; i++) {
                out.write(Rows.row(i));
            }
        }
        Path checkpoints = Files.createDirectory(directory.resolve("checkpoints"));
        Path checkpoint = checkpoints.resolve("cp");
        try (ProcessFleet fleet = new ProcessFleet(directory, 4, 16)) {
            fleet.startAll();
            Process load = fleet.begin("load", input.toString(), "--checkpoint", checkpoint.toString());
            awaitProgress(checkpoints, checkpoint, total / 20);
            fleet.killAll();
            ProcessFleet.Result interrupted = fleet.finish(load, null);
            assertThat(interrupted.exit()).as(interrupted.stderr()).isEqualTo(3);
            long claimed = claimed(checkpoint);
            assertThat(claimed).isBetween(total / 20, total - 1);

            fleet.startAll();
            byte[] found = fleet.run("dump").stdout();
            assertThat(found.length).isGreaterThanOrEqualTo(lengthOf(claimed));
            byte[] prefix = java.util.Arrays.copyOf(found, lengthOf(claimed));
            assertThat(Rows.digestOf(prefix))
                    .as("the rows that the checkpoint claims")
                    .isEqualTo(Rows.digestOf(claimed));

            fleet.run("load", input.toString(), "--checkpoint", checkpoint.toString())
                    .ok();
            assertThat(claimed(checkpoint)).isEqualTo(total);
            assertThat(Rows.digestOf(fleet.run("dump").stdout())).isEqualTo(Rows.digestOf(total));
        }
    }

    private static int lengthOf(long rows) {
        int length = 0;
        for (long i = 0; i < rows; i++) {
            length += Rows.row(i).length;
        }
        return length;
    }

    private static long claimed(Path checkpoint) throws IOException {
        return Long.parseLong(Files.readAllLines(checkpoint).get(0).trim());
    }

    private static void awaitProgress(Path directory, Path checkpoint, long rows) throws Exception {
        try (WatchService watch = directory.getFileSystem().newWatchService()) {
            directory.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            while (true) {
                try {
                    if (claimed(checkpoint) >= rows) {
                        return;
                    }
                } catch (NoSuchFileException e) {
                    // The load has not written one yet.
                }
                WatchKey key = watch.poll(60, TimeUnit.SECONDS);
                assertThat(key).as("the checkpoint is renewed").isNotNull();
                key.pollEvents();
                key.reset();
            }
        }
    }

    private static long longestStallMillis(String json) {
        Matcher matcher = Pattern.compile("\"longestStallMillis\":(\\d+)").matcher(json);
        assertThat(matcher.find()).as(json).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
