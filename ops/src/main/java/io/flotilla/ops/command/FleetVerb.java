package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusReader;
import java.io.IOException;
import java.util.List;

/** A verb that looks at the whole fleet, and shows some of it. */
abstract class FleetVerb extends ClientVerb {
    protected FleetVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected final int run(FlotillaClient client) throws Exception {
        FleetStatus fleet = await(StatusReader.read(client.async(), options.timeout()));
        if (options.json()) {
            output.json(fields -> write(fleet, fields));
        } else {
            lines(fleet).forEach(output::line);
        }
        return ExitCode.DONE;
    }

    protected abstract List<String> lines(FleetStatus fleet);

    /** Writes the fields of an object that is open. */
    protected abstract void write(FleetStatus fleet, JsonGenerator json) throws IOException;
}
