package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.LiveLine;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.verify.Verification;
import picocli.CommandLine.Command;

/** {@code verify}. */
@Command(
        name = "verify",
        description = {
            "Compare the replicas of each data group: each tells what its state right after one entry adds up to.",
            "Works under writes and moves. Each node reads all its rows for it.",
            "Exits 1 if replicas differ, and 3 if a node does not answer."
        })
final class VerifyVerb extends ClientVerb {
    VerifyVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        Verification verification;
        try (LiveLine line = new LiveLine(terminal, verb())) {
            verification = Verification.of(client.async(), options.timeout(), line::now);
        }
        if (options.json()) {
            output.json(verification::writeTo);
        } else {
            verification.lines().forEach(output::line);
        }
        output.flush();
        if (verification.differs()) {
            say(String.join("; ", verification.differences()));
            return ExitCode.NEGATIVE;
        }
        if (!verification.missing().isEmpty()) {
            throw new CliException(
                    ExitCode.UNAVAILABLE,
                    "verify: no answer from the replicas on " + String.join(", ", verification.missing())
                            + "; see 'flotilla nodes', and verify again when they are up");
        }
        return ExitCode.DONE;
    }
}
