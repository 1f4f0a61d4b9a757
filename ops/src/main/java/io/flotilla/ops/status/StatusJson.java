package io.flotilla.ops.status;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;
import java.io.IOException;

/** The fleet's state as JSON; the names are part of the command line's contract. */
public final class StatusJson {
    private StatusJson() {}

    /** Writes the fields of an object that is open. */
    public static void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeNumberField("configuration", fleet.configuration());
        json.writeStringField("fleet", fleet.fleetId());
        json.writeObjectFieldStart("controller");
        group(fleet.controller(), json);
        json.writeEndObject();
        json.writeArrayFieldStart("nodes");
        for (NodeLine node : fleet.nodes()) {
            json.writeStartObject();
            json.writeStringField("id", node.id());
            json.writeStringField("address", node.address());
            json.writeStringField("http", node.httpAddress());
            json.writeStringField("state", node.state());
            json.writeStringField("reason", node.reason());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("groups");
        for (GroupLine group : fleet.groups()) {
            json.writeStartObject();
            json.writeNumberField("id", group.id());
            group(group, json);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("shards");
        for (ShardLine shard : fleet.shards()) {
            json.writeStartObject();
            json.writeNumberField("id", shard.id());
            json.writeStringField("start", shard.start());
            json.writeStringField("end", shard.end());
            json.writeNumberField("group", shard.group());
            json.writeNumberField("epoch", shard.epoch());
            json.writeStringField("state", shard.state());
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
        json.writeArrayFieldStart("replicas");
        for (String replica : group.replicas()) {
            json.writeString(replica);
        }
        json.writeEndArray();
    }
}
