package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.flotilla.raft.sim.FaultPlan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A seed is one run, event by event, whatever the JVM's identity hashes and hash salts are. */
class TraceReproducibilityTest {
    private static final int SECONDS = 20;
    /** Names the home of a second JDK. */
    private static final String OTHER_JDK = "FLOTILLA_OTHER_JAVA_HOME";

    /** Runs one seed in a JVM of its own. Arguments: the seed, the virtual seconds with faults. */
    public static final class Main {
        private Main() {}

        public static void main(String[] arguments) {
            long seed = Long.parseLong(arguments[0]);
            // every other one with shards that move
            FleetSimulation simulation = new FleetSimulation(seed, FaultPlan.Profile.MIXED, seed % 2 == 0);
            simulation.run(Integer.parseInt(arguments[1]));
            System.out.println(simulation.summary());
        }
    }

    @Test
    void aSeedLeavesTheSameTraceInTwoJvms() throws Exception {
        for (long seed : new long[] {11, 12}) {
            Process plain = fork(seed);
            Process constantHashes = fork(seed, "-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=0");
            String expected = lastLine(plain);
            assertThat(expected).contains("trace ").doesNotContain(" 0 faults");
            assertThat(lastLine(constantHashes)).as("seed %s", seed).isEqualTo(expected);
        }
    }

    @Test
    void aSeedLeavesTheSameTraceOnAnotherJdk() throws Exception {
        String home = System.getenv(OTHER_JDK);
        if (home == null || home.isBlank()) {
            System.err.println(
                    "NOT RUN: the same seed on two JDKs. Set " + OTHER_JDK + " to the home of a second one.");
        }
        assumeThat(home).as(OTHER_JDK).isNotBlank();
        for (long seed : new long[] {15, 16}) {
            Process here = fork(seed);
            Process there = fork(Path.of(home), seed);
            String expected = lastLine(here);
            assertThat(lastLine(there)).as("seed %s on %s", seed, home).isEqualTo(expected);
            System.out.printf(
                    "seed %d, Java %s and the one at %s: %s%n",
                    seed, System.getProperty("java.version"), home, expected);
        }
    }

    @Test
    void anotherSeedIsAnotherRun() throws Exception {
        assertThat(lastLine(fork(13))).isNotEqualTo(lastLine(fork(14)));
    }

    private static Process fork(long seed, String... options) throws IOException {
        return fork(Path.of(System.getProperty("java.home")), seed, options);
    }

    private static Process fork(Path javaHome, long seed, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(javaHome.resolve("bin").resolve("java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-Xmx700m",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName(),
                Long.toString(seed),
                Integer.toString(SECONDS)));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String lastLine(Process process) throws Exception {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        String[] lines = output.strip().split("\n", -1);
        return lines[lines.length - 1];
    }
}
