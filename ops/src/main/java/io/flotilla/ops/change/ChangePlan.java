package io.flotilla.ops.change;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.PlannedMove;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the controller answered to a change, and how long it may take. Immutable. */
public final class ChangePlan {
    private final FleetChangeReply reply;
    private final List<Long> seconds;

    /** @param known a configuration of about the time of the change */
    public ChangePlan(FleetChangeReply reply, Configuration known) {
        this.reply = reply;
        Map<Long, List<String>> made =
                reply.getGroup() == 0 ? Map.of() : Map.of(reply.getGroup(), List.copyOf(reply.getReplicasList()));
        this.seconds = MoveForecast.seconds(known, made, reply.getMovesList());
    }

    /** The configuration that has what was asked for. */
    public long configuration() {
        return reply.getConfigurationNumber();
    }

    /** The group that it made; 0 if none. */
    public long group() {
        return reply.getGroup();
    }

    public List<PlannedMove> moves() {
        return reply.getMovesList();
    }

    /** What whoever asked should know before it surprises. */
    public List<String> warnings() {
        return reply.getWarningsList();
    }

    /** What it does, one line each; the same of a dry run. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (reply.getReplicasCount() > 0) {
            lines.add("join group=" + reply.getGroup() + " replicas=" + String.join(",", reply.getReplicasList()));
        }
        for (int i = 0; i < seconds.size(); i++) {
            PlannedMove move = reply.getMoves(i);
            lines.add("move shard=" + move.getShard() + " from=" + move.getFrom() + " to=" + move.getTo() + " bytes="
                    + move.getBytes() + " time=" + seconds.get(i) + "s");
        }
        return lines;
    }

    /** What came of it: the ids, and the configuration that has it. */
    public String result() {
        return (reply.getGroup() == 0 ? "" : "group=" + reply.getGroup() + " ") + "configuration=" + configuration();
    }

    /** The fields of an object that is open. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeNumberField("configuration", configuration());
        if (reply.getGroup() != 0) {
            json.writeNumberField("group", reply.getGroup());
        }
        if (reply.getReplicasCount() > 0) {
            strings("replicas", reply.getReplicasList(), json);
        }
        json.writeArrayFieldStart("moves");
        for (int i = 0; i < seconds.size(); i++) {
            PlannedMove move = reply.getMoves(i);
            json.writeStartObject();
            json.writeNumberField("shard", move.getShard());
            json.writeNumberField("from", move.getFrom());
            json.writeNumberField("to", move.getTo());
            json.writeNumberField("bytes", move.getBytes());
            json.writeNumberField("seconds", seconds.get(i));
            json.writeEndObject();
        }
        json.writeEndArray();
        strings("warnings", reply.getWarningsList(), json);
    }

    private static void strings(String name, List<String> values, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }
}
