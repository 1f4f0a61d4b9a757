package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusText;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code nodes}. */
@Command(
        name = "nodes",
        description = {
            "Show the nodes: where they are, whether they serve, how many replicas they hold and lead.",
            "STATE: up; starting: it answers but does not serve yet; unready: it serves, but is cut off from groups'",
            "majorities; down: it does not answer."
        })
final class NodesVerb extends FleetVerb {
    NodesVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected List<String> lines(FleetStatus fleet) {
        return StatusText.nodes(fleet);
    }

    @Override
    protected void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        StatusJson.nodes(fleet, json);
    }
}
