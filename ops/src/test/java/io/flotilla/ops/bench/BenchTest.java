package io.flotilla.ops.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.command.Flotilla;
import io.flotilla.ops.node.HostProcess;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.production.NodeServer;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.raft.core.NodeId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verb against a fleet of one node in this process. */
class BenchTest {
    @TempDir
    private static Path data;

    private static String address;
    private static NodeServer node;

    /** How long the last one ran that had a result. */
    private double seconds;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            address = "127.0.0.1:" + socket.getLocalPort();
        }
        CompletableFuture<Void> ready = new CompletableFuture<>();
        NodeListener listener = new NodeListener() {
            @Override
            public void ready() {
                ready.complete(null);
            }

            @Override
            public void failed(NodeFailure failure) {
                ready.completeExceptionally(new AssertionError(failure.message()));
            }
        };
        NodeId id = new NodeId("n1");
        node = new NodeServer(
                new NodeServerConfig(id, data, address, "", new TreeMap<>(Map.of(id, address)), 4, 16), listener);
        node.start();
        ready.get(60, TimeUnit.SECONDS);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private int run(String line) {
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]), out, new PrintStream(err, true, UTF_8), false, Map.of());
        List<String> args = new ArrayList<>(List.of("bench", "--endpoints", address));
        args.addAll(List.of(line.split(" ")));
        return Commands.run(Flotilla.commandLine(terminal), terminal, args.toArray(String[]::new));
    }

    /** For 300 ms, or, on a machine that is busy with other work, as long as it takes until something was done. */
    private JsonNode json(String line) throws Exception {
        long millis = 300;
        while (!isDone(line + " --warmup 0s --output json", millis)) {
            millis *= 2;
        }
        seconds = millis / 1e3;
        assertThat(out.toString(UTF_8).lines()).hasSize(1);
        return new ObjectMapper().readTree(out.toString(UTF_8));
    }

    /** @return false if the time was too short for a single operation */
    private boolean isDone(String line, long millis) {
        out.reset();
        int code = run(line + " --duration " + millis + "ms");
        String said = err.toString(UTF_8);
        boolean nothing = code != ExitCode.DONE && said.contains("not one operation was done") && millis < 100_000;
        assertThat(nothing || code == ExitCode.DONE).as("%s", said).isTrue();
        return !nothing;
    }

    private static List<String> names(JsonNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void theObjectHasTheFieldsThatScriptsRelyOn() throws Exception {
        JsonNode result = json("--workload put --keys 500 --in-flight 8");

        assertThat(names(result))
                .containsExactly(
                        "workload",
                        "operations",
                        "seconds",
                        "opsPerSecond",
                        "latencyMicros",
                        "errors",
                        "longestGapMillis",
                        "cpuMillisPer1000Ops");
        assertThat(names(result.get("latencyMicros"))).containsExactly("p50", "p99", "p999", "max");
        assertThat(names(result.get("cpuMillisPer1000Ops"))).containsExactly("total", "client", "nodes");
        assertThat(result.get("workload").asText()).isEqualTo("put");
        assertThat(result.get("operations").asLong()).isPositive();
        assertThat(result.get("seconds").asDouble()).isEqualTo(seconds);
        assertThat(result.get("opsPerSecond").asDouble())
                .isEqualTo(Math.round(result.get("operations").asLong() / seconds * 10) / 10.0);
        assertThat(result.get("latencyMicros").get("p50").asLong())
                .isPositive()
                .isLessThanOrEqualTo(result.get("latencyMicros").get("max").asLong());
        assertThat(result.get("errors").isEmpty()).isTrue();
        assertThat(names(result.get("longestGapMillis"))).isNotEmpty().allMatch(shard -> shard.matches("[0-9]+"));
        result.get("longestGapMillis").forEach(gap -> assertThat(gap.asDouble()).isBetween(0.0, seconds * 1_000));
        // the node runs in this process, whose time is the client's already
        assertThat(result.get("cpuMillisPer1000Ops").get("nodes").isEmpty()).isTrue();
        assertThat(err.toString(UTF_8)).contains("n1 (in the client's own process)");
    }

    @Test
    void whatIsReadIsWrittenFirstButOnlyOnce() throws Exception {
        json("--workload get --keys 700 --value-size 20");
        assertThat(err.toString(UTF_8)).contains("loading 700 keys").doesNotContain("found no value");
        err.reset();

        json("--workload get --keys 700 --value-size 20");
        json("--workload c --keys 600 --value-size 20");
        assertThat(err.toString(UTF_8)).doesNotContain("loading").doesNotContain("found no value");

        json("--workload b --keys 700 --value-size 30");
        assertThat(err.toString(UTF_8)).contains("loading 700 keys with values of 30 bytes");
        err.reset();

        for (int tries = 0; tries < 50 && !err.toString(UTF_8).contains("found no value"); tries++) {
            json("--workload get --keys 3000 --value-size 30 --load never");
        }
        assertThat(err.toString(UTF_8)).contains("found no value").doesNotContain("loading");
    }

    @Test
    void scansAndARateRun() throws Exception {
        assertThat(json("--workload e --keys 300").get("operations").asLong()).isPositive();
        assertThat(json("--workload a --keys 300 --rate 100").get("operations").asLong())
                .as(
                        "100 a second were due; some of the warm-up may be answered late, thousands would come without a rate")
                .isBetween(1L, (long) (200 * seconds));
    }

    @Test
    void peopleGetLines() {
        // until there was something in each group
        for (long millis = 300; millis < 100_000 && !out.toString(UTF_8).contains("4: "); millis *= 2) {
            isDone("--workload a --keys 300 --warmup 100ms", millis);
        }

        assertThat(out.toString(UTF_8).lines().map(line -> line.split(" ")[0]))
                .containsExactly("a", "latency", "errors", "groups", "gaps", "CPU");
        assertThat(out.toString(UTF_8)).contains("errors     none", "1: ", "2: ", "3: ", "4: ");
    }

    @Test
    void processesOfThisMachineAreCountedOnceEach() {
        HostProcess self = new HostProcess(ProcessHandle.current().pid(), "here");
        long other = ProcessHandle.current().parent().orElseThrow().pid();
        Map<String, NodeStatus> reports = new LinkedHashMap<>();
        reports.put(
                "n1", NodeStatus.newBuilder().setPid(other).setMachine("here").build());
        reports.put(
                "n2", NodeStatus.newBuilder().setPid(other).setMachine("here").build());
        reports.put(
                "n3", NodeStatus.newBuilder().setPid(other).setMachine("there").build());
        reports.put("n4", null);
        CpuMeter meter = new CpuMeter(self, reports);

        CpuMeter.Readings before = meter.read();
        long sink = 0;
        for (long begin = System.nanoTime(); System.nanoTime() - begin < 100_000_000; ) {
            sink += System.nanoTime();
        }
        CpuMeter.Used used = meter.between(before, meter.read());

        assertThat(sink).isNotZero();
        assertThat(meter.shared()).isTrue();
        assertThat(meter.notCounted()).containsExactly("n3 (on another machine)", "n4 (does not tell its process)");
        assertThat(used.nodes()).containsOnlyKeys("n1,n2");
        assertThat(used.client()).isGreaterThan(0.0);
        assertThat(used.ended()).isEmpty();
    }
}
