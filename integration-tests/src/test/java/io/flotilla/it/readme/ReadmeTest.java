package io.flotilla.it.readme;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.production.NodeServer;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.raft.core.NodeId;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    /** Tests run in their module's folder. */
    private static final Path TOP = Path.of("").toAbsolutePath().getParent();

    @Test
    void theExampleIsTheProgramThatTheBuildCompiles() throws Exception {
        String program =
                Files.readString(TOP.resolve("integration-tests/src/test/java/io/flotilla/it/readme/Greeting.java"));
        String readme = Files.readString(TOP.resolve("README.md"));

        assertThat(readme).contains("```java\n" + program.substring(program.indexOf("import ")) + "```\n");
    }

    @Test
    void theExampleRuns(@TempDir Path data) throws Exception {
        NodeId id = new NodeId("n1");
        String address = "127.0.0.1:" + freePort();
        CompletableFuture<Void> ready = new CompletableFuture<>();
        NodeListener listener = new NodeListener() {
            @Override
            public void ready() {
                ready.complete(null);
            }

            @Override
            public void failed(NodeFailure failure) {
                ready.completeExceptionally(new IllegalStateException(failure.message()));
            }
        };
        NodeServerConfig config = new NodeServerConfig(id, data, address, "", new TreeMap<>(Map.of(id, address)), 2, 4);
        try (NodeServer server = new NodeServer(config, listener)) {
            server.start();
            ready.get(60, TimeUnit.SECONDS);
            assertThat(printedBy(() -> Greeting.main(new String[] {address})))
                    .containsExactly(
                            "changed: true", "visits: 1", "greeting/en = hello, world!", "greeting/fr = bonjour");
        }
    }

    @Test
    void theTestCommandIsTheOneThatContinuousIntegrationRuns() throws Exception {
        String command = "mvn -B verify";

        assertThat(Files.readString(TOP.resolve("README.md"))).contains("\n" + command + " ");
        assertThat(Files.readAllLines(TOP.resolve(".ci/run"))).contains(command);
    }

    private static String[] printedBy(Runnable program) {
        PrintStream stdout = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, UTF_8));
        try {
            program.run();
        } finally {
            System.setOut(stdout);
        }
        return printed.toString(UTF_8).split("\\R");
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
