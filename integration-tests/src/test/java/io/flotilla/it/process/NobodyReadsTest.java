package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.FlotillaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node serves, stops and fails as ever, whoever reads what it says, or nobody. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NobodyReadsTest {
    private static final String UNREAD = "mkfifo unread; exec 7<>unread; head -c 65536 /dev/zero >&7;";

    @TempDir
    Path directory;

    private ProcessFleet oneNode() throws IOException {
        // as the launcher does it, for Java itself would wait for somebody to read what it says
        return new ProcessFleet(directory, 1, 1, "n1")
                .withJavaFlags(
                        "-Xmx512m",
                        "--add-opens=java.base/java.io=ALL-UNNAMED",
                        "-Dflotilla.stdout=8",
                        "-Dflotilla.stderr=9");
    }

    private Process start(ProcessFleet fleet, String before, String redirections) throws Exception {
        // what is closed the launcher replaces; here it stays closed
        String apart = redirections.contains("&-") ? "" : "8>&1 9>&2 >/dev/null 2>&1";
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", before + " exec " + redirections + "; exec \"$@\" " + apart, "sh"));
        command.addAll(fleet.command("n1"));
        return fleet.start(new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD));
    }

    private static void awaitService(ProcessFleet fleet, Process node) throws Exception {
        try (FlotillaClient client = FlotillaClient.connect(fleet.address("n1"))) {
            Poll.until("a put is acknowledged", Duration.ofSeconds(60), () -> {
                assertThat(node.isAlive()).as("the node runs").isTrue();
                try {
                    client.put("key", "value");
                    return true;
                } catch (FlotillaException notYet) {
                    return false;
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ">&-",
                ">/dev/full",
                "| true",
                ">&7",
                "2>&-",
                "2>/dev/full",
                "2>&7",
                "<&- >&- 2>&-",
                ">&7 2>&7",
            })
    void itServesAndStopsInOrder(String redirections) throws Exception {
        try (ProcessFleet fleet = oneNode()) {
            boolean piped = redirections.startsWith("|");
            // the reader is gone before the node says anything
            String before = piped ? "mkfifo gone; exec 7<>gone; exec 6>gone; exec 7>&-;" : UNREAD;
            Process node = start(fleet, before, piped ? ">&6" : redirections);
            awaitService(fleet, node);
            node.destroy();
            assertThat(node.waitFor(20, TimeUnit.SECONDS)).as("it stops").isTrue();
            assertThat(node.exitValue()).isZero();
        }
    }

    @Test
    void aNodeWhoseDiskFailsEndsThoughNobodyReadsItsLastWords() throws Exception {
        Strace.assumeInstalled();
        try (ProcessFleet fleet = oneNode()) {
            Process node = start(fleet, UNREAD, ">&7 2>&7");
            awaitService(fleet, node);
            try (Strace failing = Strace.inject(node.pid(), "fdatasync:error=EIO:when=1+");
                    FlotillaClient client = FlotillaClient.connect(fleet.address("n1"))) {
                try {
                    client.put("after", "2");
                } catch (FlotillaException expected) {
                    // its sync failed
                }
                assertThat(node.waitFor(20, TimeUnit.SECONDS))
                        .as("it ends, after %s", failing)
                        .isTrue();
            }
            assertThat(node.exitValue()).isEqualTo(5);
        }
    }

    /** Also in a directory that somebody made for everybody. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatItWritesIsItsOwnersAlone(boolean isThere) throws Exception {
        Path data = directory.resolve("new").resolve("n1");
        if (isThere) {
            Files.createDirectories(data);
            Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1").withData("n1", data)) {
            fleet.startAll();
            fleet.stop("n1");
        }
        try (Stream<Path> files = isThere ? Files.list(data) : Stream.of(data, data.resolve("log"))) {
            assertThat(files.toList())
                    .hasSizeGreaterThan(1)
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .as("%s", file)
                            .endsWith("------"));
        }
    }
}
