package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code leaders}. */
@Command(
        name = "leaders",
        synopsisSubcommandLabel = "[transfer]",
        description = {
            "Show how many groups each node leads, the controller's included: NODE<TAB>GROUPS.",
            "Leaders are spread evenly by themselves, a few at a time."
        })
final class LeadersVerb extends FleetVerb {
    LeadersVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected List<String> lines(FleetStatus fleet) {
        return fleet.nodes().stream()
                .map(node -> node.id() + "\t" + node.leaders())
                .toList();
    }

    @Override
    protected void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("nodes");
        for (FleetStatus.NodeLine node : fleet.nodes()) {
            json.writeStartObject();
            json.writeStringField("id", node.id());
            json.writeNumberField("leaders", node.leaders());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
