package io.flotilla.ops.http;

import io.flotilla.client.proto.CopyCounts;
import io.flotilla.client.proto.MoveCounts;
import io.flotilla.client.proto.NodeCounters;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * A node's numbers in Prometheus's text format: the Java process, and sums over the node's replicas, so that their number
 * does not grow with the number of groups. Thread-safe.
 */
final class NodeMetrics implements AutoCloseable {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final Supplier<NodeStatus> node;
    /** One report serves all gauges of a scrape. */
    private volatile NodeStatus scraped = NodeStatus.getDefaultInstance();

    NodeMetrics(Supplier<NodeStatus> node) {
        this.node = node;
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        gc.bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gauge("flotilla.node.ready", "1 if the node is ready, 0 if not", n -> n.getReady() ? 1 : 0);
        gauge("flotilla.configuration.number", "newest configuration known here", NodeStatus::getConfigurationNumber);
        gauge("flotilla.replicas", "replicas placed here", NodeStatus::getReplicasCount);
        gauge("flotilla.replicas.leading", "replicas here that lead their group", n -> count(n, "LEADER"));
        gauge("flotilla.replicas.halted", "replicas here that stopped after a failed check", NodeMetrics::halted);
        gauge("flotilla.replicas.leaderless", "replicas here that know no leader", NodeMetrics::leaderless);
        gauge(
                "flotilla.groups.lost",
                "groups here that had no majority, as this node sees it, for 10 s or more",
                NodeStatus::getGroupsLost);
        gauge("flotilla.entries.committed", "commit indexes of the replicas here, added up", NodeMetrics::committed);
        gauge("flotilla.entries.unapplied", "entries committed but not applied yet", NodeMetrics::unapplied);
        counter("flotilla.logs.cut", "times that a replica's log let go of its beginning", NodeCounters::getLogsCut);
        counter(
                "flotilla.snapshots.sent",
                "snapshots that replicas elsewhere installed",
                NodeCounters::getSnapshotsSent);
        counter("flotilla.snapshots.sent.bytes", "bytes of snapshots sent", NodeCounters::getSnapshotBytesSent);
        counter(
                "flotilla.snapshots.installed",
                "snapshots that replicas here installed",
                NodeCounters::getSnapshotsInstalled);
        counter(
                "flotilla.snapshots.received.bytes",
                "bytes of snapshots received",
                NodeCounters::getSnapshotBytesReceived);
        moves("flotilla.moves.adopted", "shards that came to groups led here", MoveCounts::getAdopted);
        moves("flotilla.moves.adopted.bytes", "bytes of their rows, roughly", MoveCounts::getAdoptedBytes);
        moves("flotilla.moves.cancelled", "moves of groups led here without a new owner", MoveCounts::getCancelled);
        moves("flotilla.moves.dropped", "shards that went, with their rows", MoveCounts::getDropped);
        moves("flotilla.moves.failed", "steps that were refused or not answered", MoveCounts::getFailed);
        copies(
                "flotilla.copies.local.bytes",
                "bytes of moving shards copied within the node",
                CopyCounts::getLocalBytes);
        copies("flotilla.copies.remote.bytes", "bytes of moving shards copied from others", CopyCounts::getRemoteBytes);
        copies("flotilla.copies.rounds", "rounds of changes that followed copies", CopyCounts::getRounds);
        copies(
                "flotilla.copies.rounds.local.bytes",
                "bytes of such rounds within the node",
                CopyCounts::getLocalRoundBytes);
        copies(
                "flotilla.copies.rounds.remote.bytes",
                "bytes of such rounds from others",
                CopyCounts::getRemoteRoundBytes);
        copies("flotilla.copies.copied", "copies that came to their end", CopyCounts::getCopied);
        copies("flotilla.copies.given.up", "copies given up for want of room", CopyCounts::getGivenUp);
    }

    private void moves(String name, String description, ToDoubleFunction<MoveCounts> value) {
        counter(name, description, counters -> value.applyAsDouble(counters.getMoves()));
    }

    private void copies(String name, String description, ToDoubleFunction<CopyCounts> value) {
        counter(name, description, counters -> value.applyAsDouble(counters.getCopies()));
    }

    String scrape() {
        scraped = node.get();
        return registry.scrape() + MovePauses.text(scraped.getCounters().getMoves());
    }

    private void gauge(String name, String description, ToDoubleFunction<NodeStatus> value) {
        Gauge.builder(name, this, self -> value.applyAsDouble(self.scraped))
                .description(description)
                .register(registry);
    }

    private void counter(String name, String description, ToDoubleFunction<NodeCounters> value) {
        FunctionCounter.builder(name, this, self -> value.applyAsDouble(self.scraped.getCounters()))
                .description(description)
                .register(registry);
    }

    private static double count(NodeStatus node, String role) {
        return node.getReplicasList().stream()
                .filter(replica -> replica.getRole().equalsIgnoreCase(role))
                .count();
    }

    private static double halted(NodeStatus node) {
        return node.getReplicasList().stream()
                .filter(replica -> !replica.getFailure().isEmpty())
                .count();
    }

    private static double leaderless(NodeStatus node) {
        return node.getReplicasList().stream()
                .filter(replica -> replica.getLeader().isEmpty())
                .count();
    }

    private static double committed(NodeStatus node) {
        return node.getReplicasList().stream()
                .mapToLong(ReplicaStatus::getCommitIndex)
                .sum();
    }

    private static double unapplied(NodeStatus node) {
        return node.getReplicasList().stream()
                .mapToLong(replica -> Math.max(0, replica.getCommitIndex() - replica.getAppliedIndex()))
                .sum();
    }

    @Override
    public void close() {
        gc.close();
        registry.close();
    }
}
