package io.flotilla.raft.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's program, as it stands there. */
class ReadmeTest {
    private static final int PORTS = 3;
    /** A newcomer reads it in one go. */
    private static final int MAX_LINES = 48;

    @TempDir
    private Path directory;

    @Test
    void theCounterRunsAndGoesOnAfterARestart() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        int begin = readme.indexOf("```java\n") + "```java\n".length();
        String program = readme.substring(begin, readme.indexOf("```\n", begin));
        assertThat(program.lines().count()).isLessThanOrEqualTo(MAX_LINES);
        Path source = Files.writeString(directory.resolve("Counter.java"), program);
        assertThat(run(source)).contains("the counter is 20", "the counter is 40");
        assertThat(run(source)).contains("the counter is 60", "the counter is 80");
    }

    private String[] run(Path source) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx200m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        source.toString(),
                        directory.resolve("data").toString(),
                        String.valueOf(freePorts()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
            return output.split("\\R", -1);
        } finally {
            process.destroyForcibly();
        }
    }

    /** The first of some neighbours that are all free now. */
    private static int freePorts() throws IOException {
        for (int tries = 0; tries < 100; tries++) {
            try (ServerSocket first = listen(0)) {
                int port = first.getLocalPort();
                for (int i = 1; i < PORTS; i++) {
                    listen(port + i).close();
                }
                return port;
            } catch (IOException | IllegalArgumentException taken) {
                // another one, then
            }
        }
        throw new IOException("there are no " + PORTS + " free ports in a row");
    }

    private static ServerSocket listen(int port) throws IOException {
        return new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"));
    }
}
