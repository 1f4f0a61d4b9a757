package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.FlotillaException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that say nothing take neither the node's files from it nor its clients their places. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SilentConnectionsTest {
    @TempDir
    Path directory;

    @Test
    void withFewDescriptorsANodeUnderLoadOutlivesThemAndClosesThem() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1").withNodeFlags("--log-size", "16MiB")) {
            List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 400; exec \"$@\"", "sh"));
            command.addAll(fleet.command("n1"));
            Process node = fleet.start(new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("said").toFile()));
            List<Socket> silent = new ArrayList<>();
            try (FlotillaClient client = FlotillaClient.connect(fleet.address("n1"))) {
                Poll.until("a put is acknowledged", Duration.ofSeconds(60), () -> put(client, 0));
                int port = Integer.parseInt(fleet.address("n1").substring("127.0.0.1:".length()));
                for (int i = 0; i < 300; i++) {
                    silent.add(new Socket("127.0.0.1", port));
                    silent.add(new Socket("127.0.0.1", fleet.httpPort("n1")));
                    assertThat(put(client, i)).as("put %s", i).isTrue();
                }
                // whoever comes new is served, too
                assertThat(fleet.run("get", "key-7").ok()).isNotEmpty();
                for (Socket socket : silent) {
                    socket.setSoTimeout(30_000);
                    assertThat(isOver(socket)).isTrue();
                }
                assertThat(put(client, 1)).isTrue();
            } finally {
                for (Socket socket : silent) {
                    socket.close();
                }
            }
            assertThat(node.isAlive()).isTrue();
            node.destroy();
            assertThat(node.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(node.exitValue()).isZero();
        }
    }

    private static boolean put(FlotillaClient client, int number) {
        try {
            client.put("key-" + number, "v".repeat(200_000));
            return true;
        } catch (FlotillaException notNow) {
            return false;
        }
    }

    private static boolean isOver(Socket socket) {
        try {
            while (socket.getInputStream().read() >= 0) {
                // what the server says of itself
            }
            return true;
        } catch (SocketTimeoutException stays) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void withTooFewANodeDoesNotStart() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1")) {
            List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 200; exec \"$@\"", "sh"));
            command.addAll(fleet.command("n1"));
            ProcessFleet.Result result = fleet.finish(fleet.start(new ProcessBuilder(command)), null);
            assertThat(result.exit()).isEqualTo(4);
            assertThat(result.stderr()).hasLineCount(1).contains("ulimit -n");
        }
    }
}
