package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusText;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code groups}. */
@Command(
        name = "groups",
        synopsisSubcommandLabel = "[join|leave]",
        description = {
            "Show the groups: who leads, how far the logs are, where the replicas are.",
            "APPLIED is the lowest of the replicas that answer; FIRST is where the shortest log begins.",
            "Group 0 is the controller."
        })
final class GroupsVerb extends FleetVerb {
    GroupsVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected List<String> lines(FleetStatus fleet) {
        return StatusText.groups(fleet);
    }

    @Override
    protected void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        StatusJson.groups(fleet, json);
    }
}
