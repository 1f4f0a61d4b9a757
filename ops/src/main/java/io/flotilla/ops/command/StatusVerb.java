package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusText;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code status}. */
@Command(
        name = "status",
        description = {
            "Show the fleet: nodes, groups, shards, and who leads.",
            "Asks any node for the configuration, then every node in it for its own state."
        })
final class StatusVerb extends FleetVerb {
    StatusVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected List<String> lines(FleetStatus fleet) {
        return StatusText.lines(fleet);
    }

    @Override
    protected void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        StatusJson.write(fleet, json);
    }
}
