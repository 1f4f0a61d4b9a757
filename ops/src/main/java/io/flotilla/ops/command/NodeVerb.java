package io.flotilla.ops.command;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.DurationText;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.SizeText;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.logging.FileLogging;
import io.flotilla.ops.node.production.NodeLimits;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.ops.process.DataDirectory;
import io.flotilla.ops.process.DevFleet;
import io.flotilla.ops.process.ServedNode;
import io.flotilla.ops.process.ServerProcess;
import io.flotilla.raft.core.NodeId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code node}: one node as its own process. */
@Command(
        name = "node",
        description = {
            "Run one node until SIGTERM. Prints one line when it serves: ready node=… address=… data=…",
            "Flags go before the settings of --config. A node that belongs to a fleet needs no --seeds;",
            "if given they tell where the others may be found."
        })
final class NodeVerb implements Callable<Integer> {
    @Mixin
    private GlobalOptions global;

    @Option(names = "--config", paramLabel = "FILE", description = "YAML with the settings below, without dashes.")
    private Path configFile;

    @Option(names = "--id", paramLabel = "ID", description = "The node's name for life, such as n1.")
    private String id;

    @Option(names = "--data", paramLabel = "DIR", description = "The node's data directory.")
    private Path data;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            description = "Where it serves; others reach it there, too, without --advertise.")
    private String listen;

    @Option(
            names = "--advertise",
            paramLabel = "HOST:PORT",
            description = "How others reach it, if not as --listen says: in a container, for example.")
    private String advertise;

    @Option(names = "--http", paramLabel = "HOST:PORT", description = "Where its pages are; none if left out.")
    private String http;

    @Option(names = "--seeds", paramLabel = "ID=HOST:PORT,…", description = "The founding nodes, this one included.")
    private String seeds;

    @Option(names = "--groups", paramLabel = "N", description = "Data groups made at founding. Default: 4.")
    private Integer groups;

    @Option(names = "--shards", paramLabel = "N", description = "Shards made at founding. Default: 16.")
    private Integer shards;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeText.class,
            description = "What the bounds of all queues are made from. Default: the whole heap.")
    private Long memory;

    @Option(
            names = "--disk-timeout",
            paramLabel = "TIME",
            converter = DurationText.class,
            description = "A write to the disk that takes longer counts as failed. Default: 10s.")
    private Duration diskTimeout;

    @Option(
            names = "--log-size",
            paramLabel = "SIZE",
            converter = SizeText.class,
            description = {
                "What the shared log may take on the disk, and up to three segments more while it is cut.",
                "Default: 256MiB."
            })
    private Long logSize;

    @Option(
            names = "--log-keep",
            paramLabel = "SIZE",
            converter = SizeText.class,
            description = {
                "What the log may grow to while other nodes fetch snapshots and will need its entries.",
                "Default: 32 times --log-size."
            })
    private Long logKeep;

    @Option(
            names = "--transfer-rate",
            paramLabel = "SIZE",
            converter = SizeText.class,
            description = "What this node sends of snapshots in a second, all together. Default: 256MiB.")
    private Long transferRate;

    private static final long LEAST_TRANSFER_RATE = 64L << 10;

    private final Terminal terminal;

    NodeVerb(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        NodeServerConfig config = config(configFile == null ? NodeSettings.NONE : NodeSettings.read(configFile));
        warnIfOpen("--listen", config.listen());
        warnIfOpen("--http", config.http());
        DataDirectory.checkNode(config.dataDir());
        FileLogging.start(config.dataDir());
        Output output = new Output(terminal.out());
        ServedNode node = new ServedNode(config);
        return new ServerProcess(List.of(node), terminal).run(() -> {
            output.line("ready node=" + config.id().value() + " address=" + node.address()
                    + (config.http().isEmpty() ? "" : " console=http://" + node.httpAddress() + "/") + " data="
                    + config.dataDir());
            output.flush();
        });
    }

    private NodeServerConfig config(NodeSettings file) {
        Path directory = data != null ? data : file.data() == null ? null : Path.of(file.data());
        required("--data", directory);
        int groupCount = pick(groups, file.groups(), DevFleet.DEFAULT_GROUPS);
        int shardCount = pick(shards, file.shards(), DevFleet.DEFAULT_SHARDS);
        new DevFleet(1, groupCount, shardCount).check("node");
        String page = pick(http, file.http(), "");
        return new NodeServerConfig(
                nodeId("--id", required("--id", pick(id, file.id(), null))),
                directory.toAbsolutePath().normalize(),
                address("--listen", required("--listen", pick(listen, file.listen(), null))),
                page.isEmpty() ? "" : address("--http", page),
                seeds(file),
                groupCount,
                shardCount,
                limits(file),
                reachable("--advertise", pick(advertise, file.advertise(), "")));
    }

    private NodeLimits limits(NodeSettings file) {
        NodeLimits whole = NodeLimits.ofProcess(1);
        long bytes;
        long logBytes;
        long keptBytes;
        long rate;
        Duration patience;
        try {
            bytes = pick(
                    memory, file.memory() == null ? null : new SizeText().convert(file.memory()), whole.memoryBytes());
            patience = pick(
                    diskTimeout,
                    file.diskTimeout() == null ? null : new DurationText().convert(file.diskTimeout()),
                    whole.diskTimeout());
            logBytes = pick(
                    logSize, file.logSize() == null ? null : new SizeText().convert(file.logSize()), whole.logBytes());
            keptBytes = pick(
                    logKeep,
                    file.logKeep() == null ? null : new SizeText().convert(file.logKeep()),
                    NodeLimits.KEPT_BUDGETS * logBytes);
            rate = pick(
                    transferRate,
                    file.transferRate() == null ? null : new SizeText().convert(file.transferRate()),
                    whole.transferBytesPerSecond());
        } catch (TypeConversionException wrong) {
            throw CliException.usage("node: --config " + configFile + ": " + wrong.getMessage());
        }
        if (bytes < NodeLimits.LEAST_MEMORY_BYTES) {
            throw CliException.usage(
                    "node: " + (memory == null && file.memory() == null ? "the heap" : "--memory") + " has "
                            + (bytes >> 20) + " MiB, but a node needs at least " + (NodeLimits.LEAST_MEMORY_BYTES >> 20)
                            + " MiB; give Java a larger -Xmx");
        }
        if (bytes > whole.memoryBytes()) {
            throw CliException.usage("node: --memory is " + (bytes >> 20) + " MiB, but the heap has at most "
                    + (whole.memoryBytes() >> 20) + " MiB; give Java a larger -Xmx, or a smaller --memory");
        }
        if (logBytes < NodeLimits.LEAST_LOG_BYTES) {
            throw CliException.usage("node: --log-size is " + (logBytes >> 10) + " KiB; give it at least "
                    + (NodeLimits.LEAST_LOG_BYTES >> 20) + "MiB");
        }
        if (keptBytes < logBytes) {
            throw CliException.usage("node: --log-keep is " + (keptBytes >> 20) + " MiB, less than --log-size with "
                    + (logBytes >> 20) + " MiB; give it at least as much");
        }
        if (rate < LEAST_TRANSFER_RATE) {
            throw CliException.usage("node: --transfer-rate is " + rate + " bytes a second; give it at least 64KiB");
        }
        return new NodeLimits(bytes, patience, logBytes, keptBytes, rate);
    }

    private SortedMap<NodeId, String> seeds(NodeSettings file) {
        SortedMap<NodeId, String> nodes = new TreeMap<>();
        try {
            Map<String, String> named = seeds != null
                    ? HostPort.parseNamed(seeds)
                    : file.seeds() != null ? file.seeds() : Map.<String, String>of();
            named.forEach((name, address) -> nodes.put(nodeId("--seeds", name), reachable("--seeds", address)));
        } catch (TypeConversionException wrong) {
            throw CliException.usage("node: --seeds: " + wrong.getMessage() + "; give n1=HOST:PORT,n2=HOST:PORT,…");
        }
        return nodes;
    }

    private static NodeId nodeId(String flag, String name) {
        try {
            return new NodeId(name);
        } catch (IllegalArgumentException wrong) {
            throw CliException.usage("node: " + flag + ": " + wrong.getMessage());
        }
    }

    private static String address(String flag, String text) {
        try {
            return HostPort.parse(text).toString();
        } catch (TypeConversionException wrong) {
            throw CliException.usage("node: " + flag + ": " + wrong.getMessage());
        }
    }

    /** An address at which others are to reach somebody; empty if it is. */
    private static String reachable(String flag, String text) {
        if (text.isEmpty()) {
            return "";
        }
        String address = address(flag, text);
        if (HostPort.parse(address).isEverywhere()) {
            throw CliException.usage(
                    "node: " + flag + ": " + address + " means every address of a machine, so nobody can be"
                            + " reached there; name the host by which others know the node");
        }
        return address;
    }

    private static <T> T pick(T flag, T setting, T otherwise) {
        return flag != null ? flag : setting != null ? setting : otherwise;
    }

    private static <T> T required(String flag, T value) {
        if (value == null) {
            throw CliException.usage("node: " + flag + " is missing; see 'flotilla node --help'");
        }
        return value;
    }

    private void warnIfOpen(String flag, String address) {
        if (!address.isEmpty() && !HostPort.parse(address).isLoopback()) {
            terminal.err()
                    .println("flotilla: node: WARNING: " + flag + " " + address + " is reachable from other machines,"
                            + " and nothing is encrypted or authenticated; anyone who reaches the port can "
                            + (flag.equals("--listen") ? "read and change all data" : "see the fleet's state")
                            + "; keep the network closed, or listen at 127.0.0.1");
        }
    }
}
