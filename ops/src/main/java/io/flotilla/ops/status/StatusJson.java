package io.flotilla.ops.status;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ReplicaLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import java.io.IOException;
import java.time.Instant;

/**
 * The fleet's state as JSON; the names are part of the command line's contract. Each method writes fields of an object
 * that is open.
 */
public final class StatusJson {
    private StatusJson() {}

    /** Everything. */
    public static void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        number(fleet, json);
        json.writeStringField("fleet", fleet.fleetId());
        controller(fleet, json);
        nodesArray(fleet, json);
        groupsArray(fleet, json);
        shardsArray(fleet, json);
    }

    /** The nodes. */
    public static void nodes(FleetStatus fleet, JsonGenerator json) throws IOException {
        number(fleet, json);
        nodesArray(fleet, json);
    }

    /** The controller's group, and the data groups. */
    public static void groups(FleetStatus fleet, JsonGenerator json) throws IOException {
        number(fleet, json);
        controller(fleet, json);
        groupsArray(fleet, json);
    }

    /** The shards. */
    public static void shards(FleetStatus fleet, JsonGenerator json) throws IOException {
        number(fleet, json);
        shardsArray(fleet, json);
    }

    private static void number(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeNumberField("configuration", fleet.configuration());
    }

    private static void controller(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("controller");
        group(fleet.controller(), json);
        json.writeEndObject();
    }

    private static void nodesArray(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("nodes");
        for (NodeLine node : fleet.nodes()) {
            json.writeStartObject();
            json.writeStringField("id", node.id());
            json.writeStringField("address", node.address());
            json.writeStringField("http", node.httpAddress());
            json.writeStringField("state", node.state());
            json.writeStringField("reason", node.reason());
            json.writeStringField("slowDisk", node.slowDisk());
            json.writeStringField("version", node.version());
            json.writeNumberField("replicas", node.replicas());
            json.writeNumberField("leaders", node.leaders());
            json.writeStringField("duty", node.duty());
            json.writeNumberField("featureLevel", node.featureLevel());
            json.writeArrayFieldStart("labels");
            for (String label : node.labels()) {
                json.writeString(label);
            }
            json.writeEndArray();
            if (node.since() > 0) {
                json.writeStringField(
                        "since", Instant.ofEpochMilli(node.since()).toString());
            } else {
                json.writeNullField("since");
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void groupsArray(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("groups");
        for (GroupLine group : fleet.groups()) {
            json.writeStartObject();
            json.writeNumberField("id", group.id());
            group(group, json);
            json.writeStringField("state", group.state());
            json.writeNumberField("replication", group.replication());
            json.writeArrayFieldStart("learners");
            for (String learner : group.learners()) {
                json.writeString(learner);
            }
            json.writeEndArray();
            json.writeArrayFieldStart("shards");
            for (long shard : group.shards()) {
                json.writeNumber(shard);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void shardsArray(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("shards");
        for (ShardLine shard : fleet.shards()) {
            json.writeStartObject();
            json.writeNumberField("id", shard.id());
            json.writeStringField("start", shard.start());
            json.writeStringField("end", shard.end());
            json.writeNumberField("group", shard.group());
            json.writeNumberField("epoch", shard.epoch());
            json.writeStringField("state", shard.state());
            if (shard.target() != 0) {
                json.writeNumberField("target", shard.target());
                json.writeObjectFieldStart("move");
                MoveLine move = shard.move();
                json.writeNumberField("id", move.id());
                json.writeStringField("phase", move.phase());
                json.writeNumberField("bytes", move.bytes());
                json.writeNumberField("of", move.of());
                json.writeNumberField("rate", move.rate());
                json.writeBooleanField("cancelled", move.cancelled());
                json.writeStringField("waitsFor", move.waitsFor());
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void group(GroupLine group, JsonGenerator json) throws IOException {
        json.writeFieldName("leader");
        if (group.leader().isEmpty()) {
            json.writeNull();
        } else {
            json.writeString(group.leader());
        }
        json.writeNumberField("term", group.term());
        json.writeNumberField("commitIndex", group.commitIndex());
        json.writeNumberField("appliedIndex", group.appliedIndex());
        json.writeNumberField("firstIndex", group.firstIndex());
        json.writeArrayFieldStart("replicas");
        for (String node : group.nodes()) {
            json.writeString(node);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("replicaStates");
        for (ReplicaLine replica : group.replicas()) {
            json.writeStartObject();
            json.writeStringField("node", replica.node());
            json.writeStringField("role", replica.role());
            json.writeNumberField("term", replica.term());
            json.writeNumberField("appliedIndex", replica.appliedIndex());
            json.writeNumberField("firstIndex", replica.firstIndex());
            json.writeNumberField("lastIndex", replica.lastIndex());
            json.writeStringField("reason", replica.reason());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
