package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusText;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code shards}. */
@Command(
        name = "shards",
        synopsisSubcommandLabel = "[move|cancel]",
        description = {"Show the shards: which keys they hold (in hex; END is exclusive), and which group owns them."})
final class ShardsVerb extends FleetVerb {
    ShardsVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected List<String> lines(FleetStatus fleet) {
        return StatusText.shards(fleet);
    }

    @Override
    protected void write(FleetStatus fleet, JsonGenerator json) throws IOException {
        StatusJson.shards(fleet, json);
    }
}
