package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusJson;
import io.flotilla.ops.status.StatusReader;
import io.flotilla.ops.status.StatusText;
import picocli.CommandLine.Command;

/** {@code status}. */
@Command(name = "status", description = "Show the fleet: nodes, groups, shards, and who leads.")
final class StatusVerb extends ClientVerb {
    StatusVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        FleetStatus fleet = await(StatusReader.read(client.async(), options.timeout()));
        if (options.json()) {
            output.json(fields -> StatusJson.write(fleet, fields));
        } else {
            StatusText.lines(fleet).forEach(output::line);
        }
        return ExitCode.DONE;
    }
}
