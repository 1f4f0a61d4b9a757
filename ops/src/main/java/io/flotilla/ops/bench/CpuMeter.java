package io.flotilla.ops.bench;

import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.node.HostProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The processor time, user and system together, of this process and of the nodes' processes on this machine, as the
 * operating system counts it. Used by one thread.
 */
final class CpuMeter {
    private final HostProcess self;
    /** By process: the ids of the nodes in it, joined by commas. */
    private final Map<Long, String> nodes = new LinkedHashMap<>();

    private final List<String> notCounted = new ArrayList<>();

    /** @param reports by node; null for a node that did not answer */
    CpuMeter(HostProcess self, Map<String, NodeStatus> reports) {
        this.self = self;
        reports.forEach((id, report) -> {
            if (report == null || report.getPid() == 0 || report.getMachine().isEmpty()) {
                notCounted.add(id + " (does not tell its process)");
            } else if (!report.getMachine().equals(self.machine())) {
                notCounted.add(id + " (on another machine)");
            } else if (report.getPid() == self.pid()) {
                notCounted.add(id + " (in the client's own process)");
            } else {
                nodes.merge(report.getPid(), id, (earlier, one) -> earlier + "," + one);
            }
        });
    }

    /** Nodes whose processor time can't be told, each with the reason. */
    List<String> notCounted() {
        return notCounted;
    }

    /** Whether several nodes share a process, and therefore a figure. */
    boolean shared() {
        return nodes.values().stream().anyMatch(ids -> ids.contains(","));
    }

    /** A process's time so far. The start keeps another process with the same number from being taken for it. */
    private record Reading(Instant started, Duration used) {}

    /** What all have used so far. */
    record Readings(Map<Long, Reading> byProcess) {}

    Readings read() {
        Map<Long, Reading> readings = new LinkedHashMap<>();
        read(self.pid()).ifPresent(reading -> readings.put(self.pid(), reading));
        for (long pid : nodes.keySet()) {
            read(pid).ifPresent(reading -> readings.put(pid, reading));
        }
        return new Readings(readings);
    }

    private static Optional<Reading> read(long pid) {
        return ProcessHandle.of(pid)
                .map(ProcessHandle::info)
                .filter(info -> info.totalCpuDuration().isPresent())
                .map(info -> new Reading(
                        info.startInstant().orElse(Instant.MIN),
                        info.totalCpuDuration().get()));
    }

    /**
     * What was used between two readings.
     *
     * @param client milliseconds of this process; null if not known
     * @param nodes milliseconds by node, or by the nodes of one process joined by commas
     * @param ended nodes whose process ended meanwhile
     */
    record Used(Double client, Map<String, Double> nodes, Collection<String> ended) {}

    Used between(Readings before, Readings after) {
        Map<String, Double> used = new TreeMap<>();
        List<String> ended = new ArrayList<>();
        nodes.forEach((pid, ids) -> {
            Double millis = millis(before.byProcess.get(pid), after.byProcess.get(pid));
            if (millis == null) {
                ended.add(ids);
            } else {
                used.put(ids, millis);
            }
        });
        return new Used(millis(before.byProcess.get(self.pid()), after.byProcess.get(self.pid())), used, ended);
    }

    private static Double millis(Reading before, Reading after) {
        return before == null || after == null || !before.started.equals(after.started)
                ? null
                : after.used.minus(before.used).toNanos() / 1e6;
    }
}
