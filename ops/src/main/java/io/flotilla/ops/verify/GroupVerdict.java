package io.flotilla.ops.verify;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the replicas of one group told of one index. Immutable.
 *
 * @param index 0 if the group could not fix one
 * @param checksums by node
 * @param missing by node, why it told nothing
 */
record GroupVerdict(long group, long index, Map<String, Long> checksums, Map<String, String> missing) {
    boolean differs() {
        return checksums.values().stream().distinct().count() > 1;
    }

    /** All replicas told, and the same. */
    boolean isWhole() {
        return index > 0 && missing.isEmpty() && !differs();
    }

    /** One line. */
    String line() {
        if (index == 0) {
            return "group " + group + ": not verified: " + reasons();
        }
        String text = "group " + group + ": index " + index + ": ";
        if (differs()) {
            text += "the replicas differ: " + place();
        } else if (checksums.isEmpty()) {
            text += "no replica told";
        } else {
            text += checksums.size()
                    + (checksums.size() == 1 ? " replica has " : " replicas have ")
                    + hex(checksums.values().iterator().next());
        }
        return missing.isEmpty() ? text : text + "; missing: " + reasons();
    }

    /** Which replicas have which checksum: such as {@code n1,n2 have 12ab, n3 has 77fe}. */
    private String place() {
        Map<Long, List<String>> nodes = new TreeMap<>();
        checksums.forEach((node, checksum) ->
                nodes.computeIfAbsent(checksum, each -> new ArrayList<>()).add(node));
        List<String> parts = new ArrayList<>();
        nodes.forEach((checksum, who) ->
                parts.add(String.join(",", who) + (who.size() == 1 ? " has " : " have ") + hex(checksum)));
        return String.join(", ", parts);
    }

    private String reasons() {
        List<String> parts = new ArrayList<>();
        missing.forEach((node, why) -> parts.add(node + " (" + why + ")"));
        return String.join(", ", parts);
    }

    private static String hex(long checksum) {
        return String.format("%016x", checksum);
    }

    /** The fields of an object that is open. */
    void writeTo(JsonGenerator json) throws IOException {
        json.writeNumberField("id", group);
        json.writeNumberField("index", index);
        json.writeBooleanField("same", !differs());
        json.writeArrayFieldStart("replicas");
        for (Map.Entry<String, Long> each : checksums.entrySet()) {
            json.writeStartObject();
            json.writeStringField("node", each.getKey());
            json.writeStringField("checksum", hex(each.getValue()));
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("missing");
        for (Map.Entry<String, String> each : missing.entrySet()) {
            json.writeStartObject();
            json.writeStringField("node", each.getKey());
            json.writeStringField("reason", each.getValue());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
