package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Directories that are not what they were: older copies of them, and two processes on copies of one. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class PutBackTest {
    @TempDir
    Path directory;

    private static FlotillaClient client(ProcessFleet fleet) {
        return FlotillaClient.connect(ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofSeconds(30)));
    }

    private static void put(ProcessFleet fleet, int from, int to) {
        try (FlotillaClient client = client(fleet)) {
            for (int i = from; i < to; i++) {
                client.put("key-" + i, "value-" + i);
            }
        }
    }

    private static void assertThere(ProcessFleet fleet, int to) {
        try (FlotillaClient client = client(fleet)) {
            for (int i = 0; i < to; i++) {
                assertThat(client.get("key-" + i).orElseThrow().text()).isEqualTo("value-" + i);
            }
        }
    }

    private static void signal(String signal, long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void copy(Path from, Path to) throws IOException {
        deleteAll(to);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            Path[] all = files.toArray(Path[]::new);
            Arrays.sort(all, (a, b) -> b.compareTo(a));
            for (Path file : all) {
                Files.delete(file);
            }
        }
    }

    /** Ends with code 5 and one line. */
    private static String refused(ProcessFleet fleet, String id, String... words) throws Exception {
        int exit = fleet.awaitExit(id, 60);
        List<String> lines = fleet.stderrOf(id).lines().toList();
        String last = lines.get(lines.size() - 1);
        System.out.println("exit " + exit + ": " + last);
        assertThat(exit).isEqualTo(5);
        assertThat(last).contains(words);
        return last;
    }

    private static String incarnation(Path data) throws IOException {
        return Files.readAllLines(data.resolve("incarnations")).get(1);
    }

    @Test
    void anOlderCopyIsRefusedForGoodAndLosesNothing() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            put(fleet, 0, 50);
            Path data = fleet.data("n2");
            Path copy = directory.resolve("copy");
            // made while the node runs: it counts itself up, and only its log shows what it is
            signal("STOP", fleet.pid("n2"));
            copy(data, copy);
            signal("CONT", fleet.pid("n2"));
            put(fleet, 50, 150);
            String written = Files.readString(fleet.data("n3").resolve("incarnations"));
            Poll.until(
                    "n3 remembers more of n2",
                    Duration.ofSeconds(30),
                    () -> !Files.readString(fleet.data("n3").resolve("incarnations"))
                                    .equals(written)
                            || written.contains("peer n2"));
            put(fleet, 150, 200);
            Poll.until("n3 wrote down what it heard last", Duration.ofSeconds(30), new StandsStill(fleet.data("n3")));
            fleet.kill("n2");
            fleet.kill("n1");
            deleteAll(data);
            copy(copy, data);
            fleet.launch("n2");
            refused(
                    fleet,
                    "n2",
                    "node n3 does not take this start",
                    "is an older copy",
                    "put back the newest directory");
            String counted = incarnation(data);
            fleet.launch("n2");
            refused(
                    fleet,
                    "n2",
                    "an earlier start was refused",
                    data.resolve("incarnations").toString());
            assertThat(incarnation(data)).as("it counts itself up no more").isEqualTo(counted);
            assertThat(fleet.isRunning("n3")).isTrue();
            fleet.launch("n1");
            fleet.awaitReady("n1");
            assertThere(fleet, 200);
        }
    }

    /** Until the file was the same for two seconds. */
    private static final class StandsStill implements Callable<Boolean> {
        private final Path file;
        private String last = "";
        private long since = System.nanoTime();

        StandsStill(Path data) {
            file = data.resolve("incarnations");
        }

        @Override
        public Boolean call() throws Exception {
            String now = Files.readString(file);
            if (!now.equals(last)) {
                last = now;
                since = System.nanoTime();
            }
            return System.nanoTime() - since > TimeUnit.SECONDS.toNanos(3);
        }
    }

    @Test
    void aFleetPutBackAsAWholeStartsAndASecondProcessOnACopyDoesNot() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)) {
            fleet.startAll();
            put(fleet, 0, 50);
            fleet.killAll();
            for (String id : ThreeNodes.NODES) {
                copy(fleet.data(id), directory.resolve("copy-" + id));
            }
            for (String id : ThreeNodes.NODES) {
                fleet.launch(id);
            }
            for (String id : ThreeNodes.NODES) {
                fleet.awaitReady(id);
            }
            put(fleet, 50, 100);
            fleet.killAll();
            for (String id : ThreeNodes.NODES) {
                deleteAll(fleet.data(id));
                copy(directory.resolve("copy-" + id), fleet.data(id));
                fleet.launch(id);
            }
            for (String id : ThreeNodes.NODES) {
                fleet.awaitReady(id);
            }
            assertThere(fleet, 50);
            put(fleet, 50, 60);

            long first = fleet.pid("n2");
            signal("STOP", first);
            Path second = directory.resolve("second");
            copy(fleet.data("n2"), second);
            signal("CONT", first);
            String address = fleet.address("n2");
            fleet.withData("n2", second).moveToFreePort("n2");
            fleet.launch("n2");
            // told by whoever is first: one that looked where n2 is, or one that heard of a batch that was written
            // since
            assertThat(refused(fleet, "n2", "copy of it"))
                    .matches(".*(node n2 runs already, at " + address + "|does not take this start: its log began).*");
            assertThat(ProcessHandle.of(first).orElseThrow().isAlive()).isTrue();
        }
    }
}
