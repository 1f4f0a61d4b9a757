package io.flotilla.ops.bench;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.node.HostProcess;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;

/**
 * One run against a fleet: loads the keys if need be, warms up, measures for the length of the window. Runs on the caller's
 * thread; operations are driven by the client's.
 */
public final class Bench {
    private static final long PROGRESS_NANOS = 1_000_000_000;
    private static final Duration NODE_PATIENCE = Duration.ofSeconds(2);

    /** What the caller shows while it runs. */
    public interface ProgressListener {
        /** Where it stands; each line replaces the one before. */
        void now(String line);

        /** Something to know, whoever watches. */
        void note(String line);
    }

    private final AsyncFlotillaClient client;
    private final BenchPlan plan;
    private final HostProcess self;
    private final ProgressListener progress;
    private final long origin = System.nanoTime();
    private final LongSupplier clock = () -> System.nanoTime() - origin;

    /**
     * @param client allows what {@link #operationsInFlight} and {@link #bytesInFlight} say
     * @param self this process
     */
    public Bench(AsyncFlotillaClient client, BenchPlan plan, HostProcess self, ProgressListener progress) {
        this.client = client;
        this.plan = plan;
        this.self = self;
        this.progress = progress;
    }

    /** Operations that the client must allow at once. */
    public static int operationsInFlight(BenchPlan plan) {
        return Math.max(plan.inFlight(), Preload.inFlight(plan)) + 16;
    }

    /** Bytes that the client must allow at once. */
    public static long bytesInFlight(BenchPlan plan) {
        return Math.max(64L << 20, 2 * plan.bytesInFlight());
    }

    /** @throws io.flotilla.ops.cli.CliException if the fleet does not answer, or can't be loaded */
    public BenchResult run() throws InterruptedException {
        Configuration configuration = ClientFailures.await("bench", client.configuration());
        load();
        CpuMeter meter = new CpuMeter(self, reports(configuration));
        if (!meter.notCounted().isEmpty()) {
            progress.note("the CPU time of these nodes is not counted: " + String.join(", ", meter.notCounted()));
        }
        if (meter.shared()) {
            progress.note("nodes that share a process share one figure of CPU time");
        }
        Measurement measurement = new Measurement();
        FleetOperations operations = new FleetOperations(client, plan, RoutingTable.of(configuration));
        Driver driver = new Driver(operations, plan.inFlight(), plan.rate(), clock, measurement);
        driver.start();
        BenchResult result = measure(driver, measurement, meter);
        if (operations.absent() > 0) {
            progress.note(
                    operations.absent() + " gets (warm-up included) found no value; --load always writes all keys");
        }
        return result;
    }

    private void load() throws InterruptedException {
        boolean needed = switch (plan.load()) {
            case always -> true;
            case never -> false;
            case auto -> plan.workload().reads() && !new Preload(client, plan).isThere();
        };
        if (needed) {
            progress.note(text("loading %,d keys with values of %,d bytes", plan.keys(), plan.valueSize()));
            new Preload(client, plan)
                    .run(written -> progress.now(text("loaded %,d of %,d keys", written, plan.keys())));
        }
    }

    private Map<String, NodeStatus> reports(Configuration configuration) throws InterruptedException {
        Map<String, CompletableFuture<NodeStatus>> asked = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            asked.put(
                    node.getId(),
                    client.nodeStatus(node.getAddress(), NODE_PATIENCE).exceptionally(unreachable -> null));
        }
        Map<String, NodeStatus> reports = new LinkedHashMap<>();
        for (Map.Entry<String, CompletableFuture<NodeStatus>> each : asked.entrySet()) {
            reports.put(each.getKey(), ClientFailures.await("bench", each.getValue()));
        }
        return reports;
    }

    private BenchResult measure(Driver driver, Measurement measurement, CpuMeter meter) throws InterruptedException {
        long start = clock.getAsLong() + plan.warmup().toNanos();
        watch("warm-up", start, measurement);
        CpuMeter.Readings before = meter.read();
        long from = clock.getAsLong();
        long to = from + plan.duration().toNanos();
        measurement.closeAt(to);
        measurement.open(from);
        watch("measuring", to, measurement);
        CpuMeter.Used used = meter.between(before, meter.read());
        driver.stop();
        measurement.recent();
        driver.unfinished(to, measurement::unfinished);
        used.ended().forEach(node -> progress.note("the process of " + node + " ended; its CPU time is not counted"));
        return new BenchResult(
                plan.workload(),
                measurement.operations(),
                (to - from) / 1e9,
                measurement.latencies(),
                measurement.errors(),
                measurement.groups(),
                measurement.longestGaps(),
                new BenchResult.CpuUse(used.client(), used.nodes()));
    }

    /** Tells how it goes until then. */
    private void watch(String phase, long until, Measurement measurement) throws InterruptedException {
        long doneBefore = measurement.everDone();
        long last = clock.getAsLong();
        while (last < until) {
            long wait = Math.min(PROGRESS_NANOS, until - last);
            Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
            long now = clock.getAsLong();
            long done = measurement.everDone();
            Histogram recent = measurement.recent();
            long failed = measurement.everFailed();
            progress.now(text(
                    "%s, %d s left: %,.0f operations/s, p50 %.2f ms, p99 %.2f ms%s",
                    phase,
                    Math.max(0, (until - now) / 1_000_000_000),
                    (done - doneBefore) * 1e9 / Math.max(1, now - last),
                    recent.getValueAtPercentile(50) / 1e6,
                    recent.getValueAtPercentile(99) / 1e6,
                    failed == 0 ? "" : text(", %,d failed", failed)));
            doneBefore = done;
            last = now;
        }
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
