package io.flotilla.ops.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.VersionedValue;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.ops.process.ServedNode;
import io.flotilla.raft.core.NodeId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes with two groups, whose shards move while they are read and written. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(120)
class MovesOnAFleetTest {
    private static final int KEYS = 500;

    @TempDir
    private static Path data;

    private static final List<ServedNode> NODES = new ArrayList<>();
    private static final List<String> ADDRESSES = new ArrayList<>();
    private static FlotillaClient client;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws Exception {
        TreeMap<NodeId, String> seeds = new TreeMap<>();
        for (int i = 1; i <= 3; i++) {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
                seeds.put(new NodeId("n" + i), "127.0.0.1:" + socket.getLocalPort());
            }
        }
        ADDRESSES.addAll(seeds.values());
        for (Map.Entry<NodeId, String> seed : seeds.entrySet()) {
            NodeId id = seed.getKey();
            ServedNode node = new ServedNode(
                    new NodeServerConfig(id, data.resolve(id.value()), seed.getValue(), "", seeds, 2, 4));
            NODES.add(node);
            node.start();
        }
        for (ServedNode node : NODES) {
            node.ready().get(60, TimeUnit.SECONDS);
        }
        client = FlotillaClient.connect(ClientConfig.of(ADDRESSES));
        for (int i = 0; i < KEYS; i++) {
            client.put(key(i), ("value " + i).getBytes(UTF_8));
        }
    }

    @AfterAll
    static void stop() {
        if (client != null) {
            client.close();
        }
        NODES.forEach(ServedNode::close);
    }

    /** Spread over all shards. */
    private static byte[] key(int i) {
        byte[] text = ("/key" + i).getBytes(UTF_8);
        byte[] key = new byte[text.length + 1];
        key[0] = (byte) i;
        System.arraycopy(text, 0, key, 1, text.length);
        return key;
    }

    private String run(String line) {
        int code = code(line);
        assertThat(code)
                .as("%s: %s%s", line, out.toString(UTF_8), err.toString(UTF_8))
                .isEqualTo(ExitCode.DONE);
        return out.toString(UTF_8);
    }

    private int code(String line) {
        out.reset();
        err.reset();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]),
                out,
                new PrintStream(err, true, UTF_8),
                false,
                Map.of("FLOTILLA_ENDPOINTS", String.join(",", ADDRESSES)));
        return Commands.run(Flotilla.commandLine(terminal), terminal, line.split(" "));
    }

    /** As the verb saw it; the client may hear it from a node that is a moment behind. */
    private static Configuration configuration(Predicate<Configuration> awaited) {
        long start = System.nanoTime();
        Configuration newest = client.configuration();
        while (!awaited.test(newest)) {
            assertThat(System.nanoTime() - start).as("%s", newest).isLessThan(60_000_000_000L);
            LockSupport.parkNanos(20_000_000L);
            newest = client.configuration();
        }
        return newest;
    }

    private static boolean isAt(Configuration configuration, long group, long epoch) {
        Shard first = shard(configuration);
        return first.getGroup() == group && first.getEpoch() == epoch && first.getTarget() == 0;
    }

    private static Shard shard(Configuration configuration) {
        return configuration.getShardsList().stream()
                .filter(shard -> shard.getId() == 1)
                .findFirst()
                .orElseThrow();
    }

    private static long sum(ToLongFunction<NodeStatus> count) {
        return ADDRESSES.stream()
                .mapToLong(address ->
                        count.applyAsLong(client.async().nodeStatus(address).join()))
                .sum();
    }

    private static void allThere() {
        for (int i = 0; i < KEYS; i++) {
            assertThat(client.get(key(i)).map(VersionedValue::value).map(value -> new String(value, UTF_8)))
                    .as("key %d", i)
                    .isEqualTo(Optional.of("value " + i));
        }
    }

    /** Increments a counter in each part of the key space, again and again, until told to stop. */
    private static final class Writer {
        private static final int COUNTERS = 16;

        private final AtomicBoolean over = new AtomicBoolean();
        private final String name;
        private final CompletableFuture<Long> rounds;

        Writer(String name) {
            this.name = name;
            rounds = CompletableFuture.supplyAsync(this::write);
        }

        private byte[] counter(int i) {
            byte[] key = (" " + name).getBytes(UTF_8);
            key[0] = (byte) (i * 256 / COUNTERS);
            return key;
        }

        private long write() {
            long round = 0;
            do {
                round++;
                for (int i = 0; i < COUNTERS; i++) {
                    assertThat(client.increment(counter(i), 1)).isEqualTo(round);
                }
            } while (!over.get());
            return round;
        }

        /** Fails if a write failed, or was done twice. */
        void stop() {
            over.set(true);
            long written = rounds.orTimeout(60, TimeUnit.SECONDS).join();
            assertThat(written).isGreaterThan(1);
        }
    }

    private static void awaitDrops(long count) {
        long start = System.nanoTime();
        while (sum(NodeStatus::getMovesCount) > 0
                || sum(node -> node.getCounters().getMoves().getDropped()) < count) {
            assertThat(System.nanoTime() - start)
                    .as("nanoseconds without the drop")
                    .isLessThan(120_000_000_000L);
            LockSupport.parkNanos(20_000_000L);
        }
        assertThat(sum(node -> node.getCounters().getMoves().getDropped())).isEqualTo(count);
    }

    @Test
    @Order(1)
    void aShardMovesWhileItIsWritten() {
        assertThat(shard(client.configuration()).getGroup()).isEqualTo(1);
        Writer writer = new Writer("first");

        run("shards move 1 --to 2 --wait");

        writer.stop();
        configuration(newest -> isAt(newest, 2, 2));
        allThere();
        awaitDrops(1);
        assertThat(sum(node -> node.getCounters().getMoves().getAdopted())).isEqualTo(1);
        assertThat(sum(node -> node.getCounters().getCopies().getCopied())).isEqualTo(3);
    }

    @Test
    @Order(2)
    void andBackAgain() {
        Writer writer = new Writer("second");

        run("shards move 1 --to 1 --wait");

        writer.stop();
        configuration(newest -> isAt(newest, 1, 3));
        allThere();
        awaitDrops(2);
    }

    @Test
    @Order(3)
    void aNewGroupGetsItsShare() {
        Writer writer = new Writer("third");

        run("groups join --wait");
        run("rebalance --wait");

        writer.stop();
        Configuration newest = configuration(found -> found.getGroupsCount() == 3
                && found.getShardsList().stream().allMatch(shard -> shard.getTarget() == 0)
                && found.getShardsList().stream().anyMatch(shard -> shard.getGroup() == 3));
        assertThat(newest.getShardsList().stream()
                        .collect(Collectors.groupingBy(Shard::getGroup, Collectors.counting()))
                        .values())
                .hasSize(3)
                .allMatch(count -> count == 1 || count == 2);
        allThere();
        awaitDrops(3);
        run("verify");
    }

    @Test
    @Order(4)
    void aGroupThatLeavesGivesAllAway() {
        Writer writer = new Writer("fourth");

        run("groups leave 1 --wait");

        writer.stop();
        configuration(newest -> newest.getGroupsCount() == 2);
        allThere();
        run("verify");
    }

    @Test
    @Order(0)
    void leadershipsGoWhereTheyAreWanted() {
        for (String node : List.of("n1", "n2", "n3", "n3")) {
            assertThat(run("leaders transfer 1 --to " + node + " --dry-run"))
                    .startsWith("group=1 from=")
                    .endsWith(" leader=" + node + "\n");
            assertThat(run("leaders transfer 1 --to " + node + " --wait")).endsWith(" leader=" + node + "\n");
        }
        assertThat(run("leaders transfer 1 --to n3 --output json"))
                .contains("\"group\":1", "\"from\":\"n3\"", "\"leader\":\"n3\"", "\"dryRun\":false");
        assertThat(run("leaders").lines()).hasSize(3).allMatch(line -> line.matches("n[123]\\t\\d"));
        refused("leaders transfer 9 --to n1", "there is no group 9");
        refused("leaders transfer 1 --to n9", "there is no node n9");
    }

    private void refused(String line, String why) {
        assertThat(code(line)).isEqualTo(ExitCode.REFUSED);
        assertThat(err.toString(UTF_8)).hasLineCount(1).contains(why);
    }
}
