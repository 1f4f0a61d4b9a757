package io.flotilla.ops.command;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.bench.Bench;
import io.flotilla.ops.bench.BenchPlan;
import io.flotilla.ops.bench.BenchResult;
import io.flotilla.ops.bench.KeyChooser;
import io.flotilla.ops.bench.Workload;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ClientOptions;
import io.flotilla.ops.cli.DurationText;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.node.production.ThisProcess;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench}. */
@Command(
        name = "bench",
        description = {
            "Measure a running fleet: a fixed number of operations is under way, or a rate is kept.",
            "Workloads: put, get and cas (compare-and-sets whose condition never holds) on keys chosen evenly; and",
            "YCSB's a (half gets, half puts), b (95 %% gets, 5 %% puts), c (gets), e (95 %% scans of 1 to 100 rows, 5 %% puts of new keys), where some keys are much",
            "more popular than others. Keys have 16 bytes and lie evenly over all shards. What reads finds them",
            "written: if a sample is not there with values of that size, all are written first.",
            "Figures are of the measured window alone. With --rate an operation's time runs from when it was due.",
            "CPU time is that of this process and of the nodes on this machine, user and system together."
        })
final class BenchVerb implements Callable<Integer> {
    private final Terminal terminal;
    private final Output output;

    @Mixin
    private GlobalOptions global;

    @Mixin
    private ClientOptions options;

    @Option(names = "--workload", required = true, paramLabel = "put|get|cas|a|b|c|e", description = "What is done.")
    private Workload workload;

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "100000",
            description = "How many keys there are. Default: ${DEFAULT-VALUE}.")
    private long keys;

    @Option(
            names = "--value-size",
            paramLabel = "BYTES",
            defaultValue = "128",
            description = "Bytes of each value. Default: ${DEFAULT-VALUE}.")
    private int valueSize;

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            defaultValue = "256",
            description = "Operations under way at once, with --rate at most. Default: ${DEFAULT-VALUE}.")
    private int inFlight;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "0",
            description = "Operations a second. Default: 0, as many as --in-flight allows.")
    private long rate;

    @Option(
            names = "--duration",
            paramLabel = "DURATION",
            defaultValue = "10s",
            converter = DurationText.class,
            description = "Length of the measured window. Default: ${DEFAULT-VALUE}.")
    private Duration duration;

    @Option(
            names = "--warmup",
            paramLabel = "DURATION",
            defaultValue = "5s",
            converter = WarmupText.class,
            description = "Runs before the window; 0s for none. Default: ${DEFAULT-VALUE}.")
    private Duration warmup;

    @Option(
            names = "--distribution",
            paramLabel = "uniform|zipfian",
            description = "How keys are chosen. Default: uniform for put and get, zipfian for the letters.")
    private KeyChooser.Kind distribution;

    @Option(
            names = "--load",
            paramLabel = "auto|always|never",
            defaultValue = "auto",
            description = "Whether all keys are written first. Default: ${DEFAULT-VALUE}: if the workload reads and"
                    + " they are not there.")
    private BenchPlan.Load load;

    BenchVerb(Terminal terminal) {
        this.terminal = terminal;
        this.output = new Output(terminal.out());
    }

    /** A duration, or none. */
    static final class WarmupText implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            return text.equals("0") || text.equals("0s") || text.equals("0ms")
                    ? Duration.ZERO
                    : new DurationText().convert(text);
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        BenchPlan plan = new BenchPlan(
                workload,
                keys,
                valueSize,
                inFlight,
                rate,
                duration,
                warmup,
                distribution == null ? workload.distribution() : distribution,
                load);
        plan.check();
        ClientConfig config = options.config(terminal.environment())
                .withMaxInFlight(Bench.operationsInFlight(plan), Bench.bytesInFlight(plan));
        BenchResult result;
        try (FlotillaClient client = FlotillaClient.connect(config);
                BenchProgress progress = new BenchProgress(terminal)) {
            result = new Bench(client.async(), plan, ThisProcess.describe(), progress).run();
        }
        if (options.json()) {
            output.json(result::writeTo);
        } else {
            result.lines().forEach(output::line);
        }
        output.flush();
        if (result.operations() == 0) {
            throw new CliException(
                    ExitCode.UNAVAILABLE,
                    "bench: not one operation was done (" + result.errors()
                            + "); check the fleet with 'flotilla status', or give more --duration");
        }
        return ExitCode.DONE;
    }
}
