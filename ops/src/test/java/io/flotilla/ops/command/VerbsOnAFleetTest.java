package io.flotilla.ops.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.node.ProgramVersion;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.ops.process.ServedNode;
import io.flotilla.raft.core.NodeId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The verbs with a fleet behind them: what they print as text and as JSON, and their exit codes. */
class VerbsOnAFleetTest {
    @TempDir
    private static Path data;

    private static ServedNode node;
    private static String address;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws Exception {
        NodeId id = new NodeId("n1");
        TreeMap<NodeId, String> seeds = new TreeMap<>();
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            address = "127.0.0.1:" + socket.getLocalPort();
        }
        seeds.put(id, address);
        node = new ServedNode(new NodeServerConfig(id, data, address, "", seeds, 2, 4));
        node.start();
        node.ready().get(60, TimeUnit.SECONDS);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private int run(String line, String stdin) {
        return run(stdin, line.split(" "));
    }

    private int run(String stdin, String[] words) {
        out.reset();
        err.reset();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(stdin.getBytes(UTF_8)),
                out,
                new PrintStream(err, true, UTF_8),
                false,
                Map.of("FLOTILLA_ENDPOINTS", address));
        return Commands.run(Flotilla.commandLine(terminal), terminal, words);
    }

    private String printed(String line) {
        assertThat(run(line, "")).as(line).isEqualTo(ExitCode.DONE);
        assertThat(err.toString(UTF_8)).isEmpty();
        return out.toString(UTF_8);
    }

    private JsonNode json(String line) throws IOException {
        String text = printed(line + " --output json");
        assertThat(text).as(line).hasLineCount(1).endsWith("\n");
        return new ObjectMapper().readTree(text);
    }

    @Test
    void verbsOfOneKeyPrintOneObject() throws IOException {
        long version = json("put one 1").get("version").asLong();
        assertThat(json("get one").toString())
                .isEqualTo("{\"key\":\"one\",\"found\":true,\"value\":\"1\",\"version\":" + version + "}");
        assertThat(json("increment one 41").toString()).isEqualTo("{\"key\":\"one\",\"value\":42}");
        assertThat(json("append one 0").get("version").asLong()).isGreaterThan(version);
        assertThat(json("cas one 7 --expect 420").get("done").asBoolean()).isTrue();
        assertThat(json("get 6f6e65 --hex").get("value").asText()).isEqualTo("37");
        assertThat(json("delete one").toString()).isEqualTo("{\"key\":\"one\",\"deleted\":true}");
    }

    @Test
    void wordsAreDataWhateverTheyLookLike(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("words"), "from a file\n");
        for (String word : List.of(
                "@home",
                "@@home",
                "@",
                "@" + file,
                "'quoted'",
                "\"quoted\"",
                "${sys:user.home}",
                "%s%n",
                "a=b",
                "a,b",
                "a\\nb",
                "# no comment",
                " blanks ",
                "~",
                "\uFFFD",
                "-v",
                "-h",
                "-hello",
                "--hex",
                "--")) {
            done("put", "--", word, word);
            assertThat(done("get", "--", word)).isEqualTo(word + "\n");
            done("append", "--", word, word);
            assertThat(done("get", "--", word)).isEqualTo(word + word + "\n");
            if (word.equals("--")) {
                // as a flag's value it is refused, not taken for something else
                assertThat(run("", new String[] {"scan", "--prefix=--"})).isEqualTo(ExitCode.USAGE);
            } else {
                done("cas", "--expect=" + word + word, "--", word, word);
                done("cas", "--expect", word, "--", word, word + "!");
                assertThat(done("scan", "--prefix", word, "--limit", "1")).isEqualTo(word + "\t" + word + "!\n");
                assertThat(done("scan", "--from=" + word, "--limit=1")).startsWith(word + "\t");
            }
            done("delete", "--", word);
        }
        done("put", "empty", "");
        assertThat(done("get", "empty")).isEqualTo("\n");
        done("cas", "empty", "x", "--expect", "");
        done("cas", "empty", "", "--expect=x");
    }

    private String done(String... words) {
        assertThat(run("", words)).as("%s: %s", List.of(words), err).isEqualTo(ExitCode.DONE);
        return out.toString(UTF_8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "get none              | {\"key\":\"none\",\"found\":false}",
                "delete none           | {\"key\":\"none\",\"deleted\":false}",
                "cas none x --expect y | {\"key\":\"none\",\"done\":false,\"version\":0}",
            })
    void aNegativeAnswerIsAnObjectToo(String line, String object) {
        assertThat(run(line + " --output json", "")).isEqualTo(ExitCode.NEGATIVE);
        assertThat(out.toString(UTF_8)).isEqualTo(object + "\n");
        assertThat(err.toString(UTF_8)).startsWith("flotilla: ").hasLineCount(1);
    }

    @Test
    void aScanPrintsOneObjectPerRow() throws IOException {
        assertThat(run("load - --output json", "s/1\ta\ns/2\tb\n")).isEqualTo(ExitCode.DONE);
        assertThat(new ObjectMapper().readTree(out.toString(UTF_8)).get("rows").asLong())
                .isEqualTo(2);
        for (String line : List.of("scan --prefix s/", "dump")) {
            List<String> keys = new ArrayList<>();
            for (String row : printed(line + " --output json").split("\n")) {
                JsonNode object = new ObjectMapper().readTree(row);
                assertThat(object.get("version").asLong()).isPositive();
                keys.add(object.get("key").asText() + "=" + object.get("value").asText());
            }
            assertThat(keys).contains("s/1=a", "s/2=b");
        }
    }

    @Test
    void nodesTellWhatTheyHoldAndLead() throws IOException {
        JsonNode fleet = json("nodes");

        assertThat(fleet.get("configuration").asLong()).isEqualTo(1);
        String since = fleet.at("/nodes/0/since").asText();
        assertThat(Instant.parse(since)).isBefore(Instant.now().plusSeconds(1));
        assertThat(fleet.get("nodes").toString())
                .isEqualTo("[{\"id\":\"n1\",\"address\":\"" + address
                        + "\",\"http\":\"\",\"state\":\"up\",\"reason\":\"\",\"slowDisk\":\"\"," + "\"version\":\""
                        + ProgramVersion.VALUE
                        + "\",\"replicas\":3,\"leaders\":3,\"duty\":\"normal\",\"featureLevel\":2,\"labels\":[],\"since\":\""
                        + since + "\"}]");
        assertThat(printed("nodes").lines().toList().get(1)).startsWith("n1 ").contains(address, " up ");
    }

    @Test
    void groupsTellHowFarTheirLogsAre() throws IOException {
        JsonNode fleet = json("groups");

        assertThat(fleet.at("/controller/leader").asText()).isEqualTo("n1");
        assertThat(fleet.get("groups")).hasSize(2);
        JsonNode group = fleet.at("/groups/1");
        assertThat(group.get("id").asLong()).isEqualTo(2);
        assertThat(group.get("leader").asText()).isEqualTo("n1");
        assertThat(group.get("term").asLong()).isPositive();
        assertThat(group.get("commitIndex").asLong()).isPositive();
        assertThat(group.get("appliedIndex").asLong()).isPositive();
        assertThat(group.get("firstIndex").asLong()).isPositive();
        assertThat(group.get("replicas").toString()).isEqualTo("[\"n1\"]");
        assertThat(group.at("/replicaStates/0/role").asText()).isEqualTo("leader");
        assertThat(group.get("shards")).hasSize(2);
        assertThat(printed("groups").lines()).hasSize(4);
    }

    @Test
    void shardsCoverAllKeys() throws IOException {
        JsonNode shards = json("shards").get("shards");

        assertThat(shards).hasSize(4);
        String next = "";
        for (JsonNode shard : shards) {
            assertThat(shard.get("start").asText()).isEqualTo(next).matches("([0-9a-f]{2})*");
            assertThat(shard.get("group").asLong()).isBetween(1L, 2L);
            assertThat(shard.get("epoch").asLong()).isEqualTo(1);
            assertThat(shard.get("state").asText()).isEqualTo("serving");
            next = shard.get("end").asText();
        }
        assertThat(next).isEmpty();
        assertThat(printed("shards").lines()).hasSize(5);
    }

    @Test
    void aConfigurationIsShownWhole() throws IOException {
        JsonNode newest = json("config");

        assertThat(newest).isEqualTo(json("config --number 1"));
        assertThat(newest.get("configuration").asLong()).isEqualTo(1);
        assertThat(newest.get("fleet").asText()).isNotEmpty();
        assertThat(newest.at("/controller/replicas").toString()).isEqualTo("[\"n1\"]");
        assertThat(newest.at("/nodes/0/address").asText()).isEqualTo(address);
        assertThat(newest.at("/groups/1/replicas").toString()).isEqualTo("[\"n1\"]");
        assertThat(newest.get("shards")).hasSize(4);
        assertThat(printed("config --number 1").lines())
                .contains(
                        "configuration 1 of fleet " + newest.get("fleet").asText(),
                        "2      n1        1           1            -         active");
    }

    @Test
    void aConfigurationThatDoesNotExistExitsWithOne() {
        assertThat(run("config --number 99 --output json", "")).isEqualTo(ExitCode.NEGATIVE);
        assertThat(out.size()).isZero();
        assertThat(err.toString(UTF_8)).contains("there is no configuration 99").hasLineCount(1);
    }
}
