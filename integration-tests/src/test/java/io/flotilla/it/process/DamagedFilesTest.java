package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.FlotillaException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node process whose files were changed or deleted behind its back: it ends with exit code 5 and names the file; the
 * lines are printed, and stand in the operator's guide. It never answers with what the damage left.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DamagedFilesTest {
    private static final int ROWS = 60;

    @TempDir
    Path directory;

    private interface Damage {
        void on(Path data) throws IOException;
    }

    @Test
    void eachDamageIsNamedAndNothingWrongIsAnswered() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1")) {
            fleet.startAll();
            try (FlotillaClient client = client(fleet)) {
                for (int i = 0; i < ROWS; i++) {
                    client.put("key-" + i, value(i));
                }
            }
            fleet.stop("n1");
            Path whole = directory.resolve("whole");
            Files.move(fleet.data("n1"), whole);

            Path data = fleet.data("n1");
            refused(fleet, whole, d -> flip(log(d), 5_000), "log file " + log(data), "is damaged at offset");
            refused(fleet, whole, d -> Files.delete(log(d)), data.resolve("log").toString());
            refused(fleet, whole, d -> deleteAll(d.resolve("log")), data.resolve("log") + " is gone");
            refused(fleet, whole, d -> flip(d.resolve("identity"), 40), "the file " + data.resolve("identity"));
            refused(fleet, whole, d -> Files.delete(d.resolve("identity")), "no file " + data.resolve("identity"));
            refused(
                    fleet,
                    whole,
                    d -> flip(d.resolve("configuration"), 60),
                    "the file " + data.resolve("configuration"));
            refused(fleet, whole, d -> flip(d.resolve("incarnations"), 30), "the file " + data.resolve("incarnations"));
            refused(
                    fleet,
                    whole,
                    d -> Files.delete(d.resolve("incarnations")),
                    "the file " + data.resolve("incarnations")
                            + " is gone: restore it; there is a log, and the node would come back under a number that it had before");
            refused(fleet, whole, d -> flip(engine(d, "MANIFEST-"), 30), "the database in " + data.resolve("engine"));
            refused(fleet, whole, d -> Files.delete(engine(d, ".sst")), "the database in " + data.resolve("engine"));

            aDamagedTableIsFoundByReading(fleet, whole);

            // what a node only remembers of others may go: the controller's group has it
            copy(whole, data);
            Files.delete(data.resolve("configuration"));
            fleet.launch("n1");
            fleet.awaitReady("n1");
            try (FlotillaClient client = client(fleet)) {
                assertThat(client.get("key-7").orElseThrow().text()).isEqualTo(value(7));
            }
        }
    }

    private static void aDamagedTableIsFoundByReading(ProcessFleet fleet, Path whole) throws Exception {
        Path data = fleet.data("n1");
        copy(whole, data);
        Path table = engine(data, ".sst");
        flip(table, Files.size(table) / 3);
        fleet.launch("n1");
        fleet.awaitReady("n1");
        List<String> answers = new ArrayList<>();
        try (FlotillaClient client = client(fleet)) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < ROWS; i++) {
                            answers.add(client.get("key-" + i).orElseThrow().text());
                        }
                    })
                    .isInstanceOf(FlotillaException.class);
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i)).isEqualTo(value(i));
        }
        ended(fleet, "can't read the database in " + data.resolve("engine"), "put a new node in its place");
    }

    private static void refused(ProcessFleet fleet, Path whole, Damage damage, String... words) throws Exception {
        copy(whole, fleet.data("n1"));
        damage.on(fleet.data("n1"));
        fleet.launch("n1");
        ended(fleet, words);
    }

    private static void ended(ProcessFleet fleet, String... words) throws Exception {
        int exit = fleet.awaitExit("n1", 20);
        List<String> lines = fleet.stderrOf("n1").lines().toList();
        String last = lines.get(lines.size() - 1);
        System.out.println("exit " + exit + ": " + last);
        assertThat(exit).isEqualTo(5);
        assertThat(last).contains(words);
        deleteAll(fleet.data("n1"));
    }

    private static FlotillaClient client(ProcessFleet fleet) {
        return FlotillaClient.connect(ClientConfig.of(fleet.endpoints()).withTimeout(Duration.ofSeconds(8)));
    }

    /** Not to be compressed away. */
    private static String value(int i) {
        StringBuilder text = new StringBuilder();
        long bits = i + 1;
        while (text.length() < 4_000) {
            bits = bits * 6364136223846793005L + 1442695040888963407L;
            text.append(Long.toHexString(bits));
        }
        return text.toString();
    }

    private static Path log(Path data) {
        return data.resolve("log").resolve("0000000001.log");
    }

    /** The largest: the first table holds little more than the number of its format. */
    private static Path engine(Path data, String name) throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("engine"))) {
            return files.filter(file -> file.getFileName().toString().contains(name))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    private static void flip(Path file, long offset) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int before = bytes.read();
            bytes.seek(offset);
            bytes.write(before ^ 0x40);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        if (Files.exists(to)) {
            deleteAll(to);
        }
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            Path[] all = files.toArray(Path[]::new);
            Arrays.sort(all, (a, b) -> b.compareTo(a));
            for (Path file : all) {
                Files.delete(file);
            }
        }
    }
}
