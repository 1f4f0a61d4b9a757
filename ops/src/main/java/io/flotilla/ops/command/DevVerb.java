package io.flotilla.ops.command;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.logging.FileLogging;
import io.flotilla.ops.node.production.NodeLimits;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.ops.process.DevFleet;
import io.flotilla.ops.process.ServedNode;
import io.flotilla.ops.process.ServerProcess;
import io.flotilla.raft.core.NodeId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dev}: a whole local fleet in one process. */
@Command(
        name = "dev",
        description = {
            "Run a whole local fleet in one process, until Ctrl-C. Prints one line when it serves:",
            "ready endpoints=… console=… data=…",
            "The same --data continues where the fleet stopped."
        })
final class DevVerb implements Callable<Integer> {
    private static final String HOST = "127.0.0.1";

    @Mixin
    private GlobalOptions global;

    @Option(names = "--nodes", paramLabel = "N", description = "How many nodes. Default: 3, or as the data has it.")
    private Integer nodes;

    @Option(
            names = "--groups",
            paramLabel = "N",
            description = "How many data groups. Default: 4, or as the data has it.")
    private Integer groups;

    @Option(names = "--shards", paramLabel = "N", description = "How many shards. Default: 16, or as the data has it.")
    private Integer shards;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "flotilla-data",
            description = "Where the fleet's data is kept. Default: ${DEFAULT-VALUE} in the current folder.")
    private Path data;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "7400",
            description = "Node n1's port; node n2 takes the next one, and so on. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--http-port",
            paramLabel = "PORT",
            defaultValue = "8400",
            description = "Node n1's port for HTTP; likewise. Default: ${DEFAULT-VALUE}.")
    private int httpPort;

    private final Terminal terminal;

    DevVerb(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        Path directory = data.toAbsolutePath().normalize();
        DevFleet fleet = DevFleet.settle(directory, nodes, groups, shards);
        checkPorts(fleet.nodes());
        FileLogging.start(directory);
        List<ServedNode> served =
                configs(directory, fleet).stream().map(ServedNode::new).toList();
        Output output = new Output(terminal.out());
        return new ServerProcess(served, terminal).run(() -> {
            output.line("ready endpoints=" + addresses(served) + " console=http://" + HOST + ":" + httpPort + "/ data="
                    + directory);
            output.flush();
        });
    }

    private void checkPorts(int count) {
        checkPort("--port", port, count);
        checkPort("--http-port", httpPort, count);
        if (Math.abs(port - httpPort) < count) {
            throw CliException.usage("dev: the ports from --port " + port + " and from --http-port " + httpPort
                    + " overlap; " + count + " of each are needed");
        }
    }

    private static void checkPort(String flag, int first, int count) {
        if (first < 1 || first + count - 1 > 65_535) {
            throw CliException.usage("dev: " + flag + " is " + first + ", but must be from 1 to " + (65_536 - count));
        }
    }

    private List<NodeServerConfig> configs(Path directory, DevFleet fleet) {
        SortedMap<NodeId, String> seeds = new TreeMap<>();
        for (int i = 1; i <= fleet.nodes(); i++) {
            seeds.put(new NodeId("n" + i), HOST + ":" + (port + i - 1));
        }
        List<NodeServerConfig> configs = new ArrayList<>();
        for (int i = 1; i <= fleet.nodes(); i++) {
            NodeId id = new NodeId("n" + i);
            configs.add(new NodeServerConfig(
                    id,
                    directory.resolve(id.value()),
                    seeds.get(id),
                    HOST + ":" + (httpPort + i - 1),
                    seeds,
                    fleet.groups(),
                    fleet.shards(),
                    NodeLimits.ofProcess(fleet.nodes())));
        }
        return configs;
    }

    private static String addresses(List<ServedNode> served) {
        return served.stream().map(node -> node.config().listen()).collect(Collectors.joining(","));
    }
}
