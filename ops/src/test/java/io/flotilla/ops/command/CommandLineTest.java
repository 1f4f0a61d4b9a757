package io.flotilla.ops.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return run(out, Map.of(), args);
    }

    private int run(OutputStream stdout, Map<String, String> environment, String... args) {
        Terminal terminal = terminal(stdout, environment);
        return Commands.run(Flotilla.commandLine(terminal), terminal, args);
    }

    private Terminal terminal(OutputStream stdout, Map<String, String> environment) {
        return new Terminal(
                new ByteArrayInputStream(new byte[0]), stdout, new PrintStream(err, true, UTF_8), false, environment);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "                             | no verb given",
                "fly                          | unknown verb 'fly'",
                "gett k                       | did you mean 'get'",
                "put k v --foo                | unknown flag '--foo'",
                "put --foo                    | unknown flag '--foo'",
                "put k                        | Missing required parameter: 'VALUE'",
                "put k v w                    | unexpected word 'w'",
                "get k --timeout 5            | '5' is no duration",
                "get k --output xml           | xml",
                "get k --endpoints nowhere    | --endpoints: 'nowhere' is no HOST:PORT",
                "cas k v                      | --expect",
                "cas k v --absent --version 3 | mutually exclusive",
                "increment k many             | 'many'",
                "scan --limit 0               | --limit is 0",
                "load                         | Missing required parameter: 'FILE'",
                "load - --format csv          | csv",
                "bench                        | --workload",
                "bench --workload d           | 'd'",
                "bench --workload put --keys 0 | --keys is 0",
                "bench --workload put --keys ten | 'ten'",
                "bench --workload put --in-flight 70000 | --in-flight is 70000",
                "bench --workload put --in-flight 4096 --value-size 1048576 | MiB at once",
                "bench --workload put --rate -1 | --rate is -1",
                "bench --workload put --value-size 1048577 | --value-size is 1048577",
                "bench --workload put --duration 10 | '10' is no duration",
                "bench --workload put --duration 99ms | --duration is shorter",
                "node --id n1                 | --data is missing",
                "node --data d --listen h:1   | --id is missing",
                "dev --port 0                 | --port is 0",
                "dev --port 7400 --http-port 7402 | overlap",
                "dev --nodes 0                | --nodes is 0",
                "dev --groups 5 --shards 4    | --shards is 4",
                "config --number 0            | --number is 0",
                "config --number many         | 'many'",
                "groups sail                  | unexpected word 'sail'",
                "completion fish              | 'fish'",
                "version --output xml         | xml",
            })
    void wrongUsageExitsWithTwoAndOneLine(String line, String message, @TempDir Path folder) {
        String[] args = line == null ? new String[0] : line.split(" ");
        if (args.length > 0 && args[0].equals("dev")) {
            args = (line + " --data " + folder.resolve("data")).split(" ");
        }

        assertThat(run(args)).isEqualTo(ExitCode.USAGE);
        assertThat(errors()).startsWith("flotilla: ").contains(message);
        assertThat(errors().lines()).hasSize(1);
        assertThat(out.size()).isZero();
    }

    @Test
    void verbsOfTwoWordsExplainThemselves() {
        for (String verb : List.of("groups join", "groups leave", "shards move", "shards cancel", "leaders transfer")) {
            out.reset();
            assertThat(run((verb + " --help").split(" "))).isEqualTo(ExitCode.DONE);
            assertThat(out.toString(UTF_8))
                    .startsWith("Usage: flotilla " + verb)
                    .contains("--dry-run", "--wait");
        }
        assertThat(errors()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "put --help", "dev --help", "node --help", "--version"})
    void helpNeedsNoFleet(String line) {
        assertThat(run(line.split(" "))).isEqualTo(ExitCode.DONE);
        assertThat(out.toString(UTF_8)).contains("flotilla");
        assertThat(errors()).isEmpty();
    }

    @Test
    void everyVerbExplainsItself() {
        for (String verb :
                Flotilla.commandLine(terminal(out, Map.of())).getSubcommands().keySet()) {
            out.reset();
            assertThat(run(verb, "--help")).isEqualTo(ExitCode.DONE);
            assertThat(out.toString(UTF_8)).startsWith("Usage: flotilla " + verb);
            List<String> explained = out.toString(UTF_8).lines().toList();
            for (int i = 0; i < explained.size(); i++) {
                if (explained.get(i).matches(" {1,8}(-., )?--[a-z-]+(=\\S+)?")) {
                    assertThat(explained.get(i + 1)).as(verb + explained.get(i)).startsWith("        ");
                }
            }
        }
        assertThat(errors()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "get k",
                "scan",
                "dump",
                "status",
                "nodes",
                "groups",
                "shards",
                "config",
                "config --number 1",
                "rebalance",
                "explain shard 1",
                "verify"
            })
    void anUnreachableFleetExitsWithThree(String verb) throws IOException {
        String line = verb + " --output json --timeout 300ms --endpoints 127.0.0.1:" + freePort();
        assertThat(run(line.split(" "))).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(errors())
                .startsWith("flotilla: " + verb.split(" ")[0] + ": ")
                .hasLineCount(1);
        assertThat(out.size()).isZero();
    }

    @Test
    void theVersionIsAVerbTooForJson() {
        run("--version");
        String version = out.toString(UTF_8).strip().substring("flotilla ".length());
        assertThat(version).matches("[0-9]+\\.[0-9]+.*");
        out.reset();

        assertThat(run("version", "--output", "json")).isEqualTo(ExitCode.DONE);
        assertThat(out.toString(UTF_8)).isEqualTo("{\"version\":\"" + version + "\"}\n");
    }

    @Test
    void endpointsComeFromTheEnvironment() {
        assertThat(run(out, Map.of("FLOTILLA_ENDPOINTS", "bad"), "get", "k")).isEqualTo(ExitCode.USAGE);
        assertThat(errors()).contains("FLOTILLA_ENDPOINTS: 'bad'");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '^',
            value = {"get k --hex,'k' is not hex", "put 0g 00 --hex,'0g' is not hex"})
    void badHexIsRefused(String line, String message) {
        assertThat(run(line.split(" "))).isEqualTo(ExitCode.REFUSED);
        assertThat(errors()).contains(message);
    }

    @Test
    void emptyAndOversizedKeysAreRefusedWithoutAFleet() {
        assertThat(run("get", "")).isEqualTo(ExitCode.REFUSED);
        assertThat(run("put", "k".repeat(4097), "v")).isEqualTo(ExitCode.REFUSED);
        assertThat(run("put", "k", "v".repeat(1024 * 1024 + 1))).isEqualTo(ExitCode.REFUSED);
        assertThat(errors().lines()).hasSize(3).allMatch(line -> line.startsWith("flotilla: "));
    }

    @Test
    void aMissingInputIsRefused(@TempDir Path folder) {
        assertThat(run("load", folder.resolve("none").toString())).isEqualTo(ExitCode.REFUSED);
        assertThat(run("load", folder.toString())).isEqualTo(ExitCode.REFUSED);
        assertThat(errors().lines()).hasSize(2);
    }

    @Test
    void aStackTraceIsShownOnlyIfAskedFor() {
        run("get", "", "--verbose");

        assertThat(errors().lines().filter(line -> line.startsWith("\tat "))).isNotEmpty();
    }

    @Test
    void aReaderThatWentAwayEndsQuietly() {
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }

            @Override
            public void flush() throws IOException {
                throw new IOException("Broken pipe");
            }
        };

        assertThat(run(closed, Map.of(), "--version")).isEqualTo(ExitCode.DONE);
        assertThat(errors()).isEmpty();
    }

    @Test
    void aTakenPortIsRefused(@TempDir Path folder) throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            int code = run(
                    "node",
                    "--id",
                    "n1",
                    "--data",
                    folder.toString(),
                    "--listen",
                    "127.0.0.1:" + freePort(),
                    "--http",
                    address,
                    "--seeds",
                    "n1=" + address);
            assertThat(code).isEqualTo(ExitCode.REFUSED);
            assertThat(errors()).contains(address).hasLineCount(1);
        }
    }

    @Test
    void settingsOfANodeComeFromYaml(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("node.yaml");
        Files.writeString(file, "id: n1\ndata: d\nlisten: 127.0.0.1:1\nseeds: {n1: 127.0.0.1:1}\ngroups: 7\n");
        NodeSettings settings = NodeSettings.read(file);
        assertThat(settings.seeds()).isEqualTo(Map.of("n1", "127.0.0.1:1"));
        assertThat(settings.groups()).isEqualTo(7);
        assertThat(settings.shards()).isNull();

        Files.writeString(file, "id: n1\nport: 7\n");
        assertThat(run("node", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        Files.writeString(file, "id: n1\ngroups: many\n");
        assertThat(run("node", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        Files.writeString(file, "id: \"n1\n");
        assertThat(run("node", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        Files.writeString(file, "id: n1\nlisten: 127.0.0.1:1\nlisten: 127.0.0.1:2\n");
        assertThat(run("node", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        Files.writeString(file, "id: n1\nseeds: {n1: 127.0.0.1:1, n1: 127.0.0.1:2}\n");
        assertThat(run("node", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(errors().lines()).hasSize(5);
        assertThat(errors()).contains("unknown setting 'port'", "setting 'groups'", "line ", "'listen'", "'n1'");
    }

    private String errors() {
        return err.toString(UTF_8);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
