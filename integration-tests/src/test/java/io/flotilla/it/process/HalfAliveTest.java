package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node's process that can't do its work ends, with exit code 5 and one line that says why and what to do. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HalfAliveTest {
    @TempDir
    Path directory;

    private static String onlyLine(ProcessFleet fleet, String id) throws IOException {
        List<String> lines = fleet.stderrOf(id).lines().toList();
        assertThat(lines).as("what %s said", id).hasSize(1);
        return lines.get(0);
    }

    @Test
    void aNodeThatIsOutOfMemoryEndsWhoeverNoticed() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1")
                .withMain(Hoarder.class)
                .withJavaFlags("-Xmx128m", "-D" + Hoarder.WHAT + "=memory")) {
            fleet.startAll();
            fleet.tell("n1");
            assertThat(fleet.awaitExit("n1", 60)).as(fleet.stderrOf("n1")).isEqualTo(5);
            assertThat(onlyLine(fleet, "n1")).startsWith("flotilla: ").contains("out of memory", "-Xmx");
        }
    }

    @Test
    void aLibraryThatCantBeLoadedEndsTheNode() throws Exception {
        Path disk = Files.createDirectory(directory.resolve("disk"));
        boolean mounted = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "noexec,size=400m", "tmpfs", disk.toString())
                        .start()
                        .waitFor()
                == 0;
        if (!mounted) {
            System.err.println("SKIPPED: a file system can't be mounted noexec here (it takes root)");
        }
        assumeTrue(mounted, "a file system can't be mounted noexec here");
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1").withData("n1", disk.resolve("n1"))) {
            fleet.launch("n1");
            assertThat(fleet.awaitExit("n1", 30)).as(fleet.stderrOf("n1")).isEqualTo(5);
            assertThat(onlyLine(fleet, "n1")).contains(disk.resolve("n1").toString(), "noexec");
        } finally {
            new ProcessBuilder("umount", "-l", disk.toString()).start().waitFor();
        }
    }
}
