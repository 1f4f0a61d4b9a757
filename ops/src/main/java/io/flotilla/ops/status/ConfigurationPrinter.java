package io.flotilla.ops.status;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A configuration as the controller keeps it, whole: as lines for people and as JSON, keys in hex. */
public final class ConfigurationPrinter {
    private ConfigurationPrinter() {}

    public static List<String> lines(Configuration configuration) {
        List<String> lines = new ArrayList<>();
        lines.add("configuration " + configuration.getNumber() + " of fleet " + configuration.getFleetId());
        lines.add("feature level " + configuration.getFeatureLevel());
        lines.add("controller: replicas " + String.join(",", configuration.getControllerReplicasList()));
        lines.add("");
        TextTable nodes = new TextTable("NODE", "ADDRESS", "HTTP", "DUTY", "LEVEL", "LABELS");
        for (Node node : configuration.getNodesList()) {
            nodes.row(
                    node.getId(),
                    node.getAddress(),
                    orDash(node.getHttpAddress()),
                    duty(node),
                    node.getFeatureLevel(),
                    orDash(String.join(",", FleetStatus.labels(node))));
        }
        lines.addAll(nodes.lines());
        lines.add("");
        TextTable groups = new TextTable("GROUP", "REPLICAS", "CREATED-IN", "REPLICATION", "LEARNERS", "STATE");
        for (Group group : configuration.getGroupsList()) {
            groups.row(
                    group.getId(),
                    String.join(",", group.getReplicasList()),
                    group.getCreatedIn(),
                    group.getReplication(),
                    orDash(String.join(",", group.getLearnersList())),
                    state(group));
        }
        lines.addAll(groups.lines());
        lines.add("");
        TextTable shards = new TextTable("SHARD", "START", "END", "GROUP", "EPOCH", "TARGET", "MOVE", "");
        for (Shard shard : configuration.getShardsList()) {
            shards.row(
                    shard.getId(),
                    shard.getStart().isEmpty() ? "(first)" : hex(shard.getStart()),
                    shard.getEnd().isEmpty() ? "(last)" : hex(shard.getEnd()),
                    shard.getGroup(),
                    shard.getEpoch(),
                    shard.getTarget() == 0 ? "-" : shard.getTarget(),
                    shard.getMoveId() == 0 ? "-" : shard.getMoveId(),
                    shard.getCancelled() ? "cancelled" : "");
        }
        lines.addAll(shards.lines());
        return lines;
    }

    /** Writes the fields of an object that is open. */
    public static void write(Configuration configuration, JsonGenerator json) throws IOException {
        json.writeNumberField("configuration", configuration.getNumber());
        json.writeStringField("fleet", configuration.getFleetId());
        json.writeNumberField("featureLevel", configuration.getFeatureLevel());
        json.writeObjectFieldStart("controller");
        strings("replicas", configuration.getControllerReplicasList(), json);
        json.writeEndObject();
        json.writeArrayFieldStart("nodes");
        for (Node node : configuration.getNodesList()) {
            json.writeStartObject();
            json.writeStringField("id", node.getId());
            json.writeStringField("address", node.getAddress());
            json.writeStringField("http", node.getHttpAddress());
            json.writeStringField("duty", duty(node));
            json.writeNumberField("featureLevel", node.getFeatureLevel());
            strings("labels", FleetStatus.labels(node), json);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("groups");
        for (Group group : configuration.getGroupsList()) {
            json.writeStartObject();
            json.writeNumberField("id", group.getId());
            strings("replicas", group.getReplicasList(), json);
            json.writeNumberField("createdIn", group.getCreatedIn());
            json.writeNumberField("replication", group.getReplication());
            strings("learners", group.getLearnersList(), json);
            json.writeStringField("state", state(group));
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("shards");
        for (Shard shard : configuration.getShardsList()) {
            json.writeStartObject();
            json.writeNumberField("id", shard.getId());
            json.writeStringField("start", hex(shard.getStart()));
            json.writeStringField("end", hex(shard.getEnd()));
            json.writeNumberField("group", shard.getGroup());
            json.writeNumberField("epoch", shard.getEpoch());
            if (shard.getTarget() != 0) {
                json.writeNumberField("target", shard.getTarget());
                json.writeNumberField("moveId", shard.getMoveId());
                json.writeBooleanField("cancelled", shard.getCancelled());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** Unlike a node's state, being taken out is part of the configuration. */
    private static String duty(Node node) {
        return node.getDuty() == NodeDuty.NODE_DUTY_REMOVED ? "removed" : FleetStatus.duty(node);
    }

    private static String state(Group group) {
        return group.getState() == GroupState.GROUP_STATE_LEAVING ? "leaving" : "active";
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    private static void strings(String name, List<String> values, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
