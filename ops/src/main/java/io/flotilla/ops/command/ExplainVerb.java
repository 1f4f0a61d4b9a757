package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.Explanation;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code explain shard S}, {@code explain group G}, {@code explain node N}. */
@Command(
        name = "explain",
        description = {
            "Say what a shard, group or node is, since when, what it waits for and whom, and the next step.",
            "Asks the nodes, and works while the controller does not answer.",
            "Exits 1 if there is no such shard, group or node."
        })
final class ExplainVerb extends ClientVerb {
    enum Kind {
        shard,
        group,
        node
    }

    @Parameters(index = "0", paramLabel = "shard|group|node", description = "What.")
    private Kind kind;

    @Parameters(index = "1", paramLabel = "ID", description = "Which one.")
    private String id;

    ExplainVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        long number = kind == Kind.node ? 0 : number();
        FleetStatus fleet = await(StatusReader.read(client.async(), options.timeout()));
        Explanation explanation = switch (kind) {
            case shard -> Explanation.ofShard(fleet, number);
            case group -> Explanation.ofGroup(fleet, number);
            case node -> Explanation.ofNode(fleet, id);
        };
        if (explanation == null) {
            say("there is no " + kind + " " + id + " in configuration " + fleet.configuration() + "; 'flotilla " + kind
                    + "s' lists them");
            return ExitCode.NEGATIVE;
        }
        if (options.json()) {
            output.json(explanation::writeTo);
        } else {
            explanation.lines().forEach(output::line);
        }
        return ExitCode.DONE;
    }

    private long number() {
        try {
            return Long.parseUnsignedLong(id);
        } catch (NumberFormatException none) {
            throw CliException.usage("explain: '" + id + "' is no " + kind + "'s id, which is a number");
        }
    }
}
