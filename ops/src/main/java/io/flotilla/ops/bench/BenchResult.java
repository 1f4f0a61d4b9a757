package io.flotilla.ops.bench;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What a run measured, within its window alone.
 *
 * @param latencies nanoseconds
 * @param errors operations that failed, by kind
 * @param groups operations done, by group
 * @param longestGaps the longest time between two answers, nanoseconds, by shard; of those with an answer
 * @param cpu processor time used
 */
public record BenchResult(
        Workload workload,
        long operations,
        double seconds,
        Histogram latencies,
        Map<String, Long> errors,
        Map<Long, Long> groups,
        Map<Long, Long> longestGaps,
        CpuUse cpu) {
    private static final int GROUPS_SHOWN = 16;
    private static final int GAPS_SHOWN = 16;

    /**
     * Milliseconds of processor time.
     *
     * @param client null if not known
     * @param nodes by node, or by the nodes of one process joined by commas
     */
    public record CpuUse(Double client, Map<String, Double> nodes) {
        double total() {
            return (client == null ? 0 : client)
                    + nodes.values().stream().mapToDouble(Double::doubleValue).sum();
        }
    }

    public double opsPerSecond() {
        return operations / seconds;
    }

    private double per1000(double millis) {
        return millis * 1000 / operations;
    }

    /** The fields of one JSON object. Without an operation there are no times, and they are null. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeStringField("workload", workload.name());
        json.writeNumberField("operations", operations);
        number(json, "seconds", seconds, 1000);
        number(json, "opsPerSecond", opsPerSecond(), 10);
        json.writeObjectFieldStart("latencyMicros");
        micros(json, "p50", 50);
        micros(json, "p99", 99);
        micros(json, "p999", 99.9);
        micros(json, "max", 100);
        json.writeEndObject();
        json.writeObjectFieldStart("errors");
        for (Map.Entry<String, Long> error : errors.entrySet()) {
            json.writeNumberField(error.getKey(), error.getValue());
        }
        json.writeEndObject();
        json.writeObjectFieldStart("longestGapMillis");
        for (Map.Entry<Long, Long> gap : longestGaps.entrySet()) {
            number(json, String.valueOf(gap.getKey()), gap.getValue() / 1e6, 1000);
        }
        json.writeEndObject();
        json.writeObjectFieldStart("cpuMillisPer1000Ops");
        cpu(json, "total", cpu.total());
        cpu(json, "client", cpu.client());
        json.writeObjectFieldStart("nodes");
        for (Map.Entry<String, Double> node : cpu.nodes().entrySet()) {
            cpu(json, node.getKey(), node.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private void micros(JsonGenerator json, String name, double percentile) throws IOException {
        if (latencies.getTotalCount() == 0) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, Math.round(latencies.getValueAtPercentile(percentile) / 1e3));
        }
    }

    private void cpu(JsonGenerator json, String name, Double millis) throws IOException {
        if (operations == 0 || millis == null) {
            json.writeNullField(name);
        } else {
            number(json, name, per1000(millis), 100);
        }
    }

    private static void number(JsonGenerator json, String name, double value, double parts) throws IOException {
        json.writeNumberField(name, Math.round(value * parts) / parts);
    }

    /** The same for people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(text("%-11s%,d operations in %.1f s, %,.0f a second", workload, operations, seconds, opsPerSecond()));
        if (latencies.getTotalCount() > 0) {
            lines.add("latency    p50 " + millis(50) + "   p99 " + millis(99) + "   p999 " + millis(99.9) + "   max "
                    + millis(100));
        }
        StringBuilder failed = new StringBuilder();
        errors.forEach((kind, count) -> failed.append(text("   %s %,d", kind, count)));
        lines.add("errors     " + (errors.isEmpty() ? "none" : failed.toString().strip()));
        if (!groups.isEmpty()) {
            lines.add("groups     " + groupText());
        }
        if (!longestGaps.isEmpty()) {
            lines.add("gaps       " + gapText());
        }
        if (operations > 0) {
            StringBuilder nodes = new StringBuilder();
            cpu.nodes().forEach((node, millis) -> nodes.append(text("   %s %.2f", node, per1000(millis))));
            lines.add(text(
                    "CPU        %.2f ms per 1,000 operations:   client %s%s",
                    per1000(cpu.total()),
                    cpu.client() == null ? "not known" : text("%.2f", per1000(cpu.client())),
                    nodes));
        }
        return lines;
    }

    private String groupText() {
        if (groups.size() > GROUPS_SHOWN) {
            long least =
                    groups.values().stream().mapToLong(Long::longValue).min().orElse(0);
            long most =
                    groups.values().stream().mapToLong(Long::longValue).max().orElse(0);
            return text("%d groups, from %,d to %,d operations each", groups.size(), least, most);
        }
        StringBuilder each = new StringBuilder();
        groups.forEach((group, count) -> each.append(text("   %s: %,d", group < 0 ? "unknown" : group, count)));
        return each.toString().strip();
    }

    /** The longest time between two answers of each shard; of many shards, of those where it was longest. */
    private String gapText() {
        boolean all = longestGaps.size() <= GAPS_SHOWN;
        StringBuilder each = new StringBuilder(all ? "" : text("%d shards, the longest:", longestGaps.size()));
        longestGaps.entrySet().stream()
                .sorted(Map.Entry.<Long, Long>comparingByValue().reversed())
                .limit(GAPS_SHOWN)
                .sorted(
                        all
                                ? Map.Entry.<Long, Long>comparingByKey()
                                : Map.Entry.<Long, Long>comparingByValue().reversed())
                .forEach(gap -> each.append(
                        text("   %s: %.1f ms", gap.getKey() < 0 ? "unknown" : gap.getKey(), gap.getValue() / 1e6)));
        return each.toString().strip();
    }

    private String millis(double percentile) {
        return text("%.3f ms", latencies.getValueAtPercentile(percentile) / 1e6);
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
