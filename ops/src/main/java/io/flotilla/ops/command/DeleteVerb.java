package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;

/** {@code delete KEY}. */
@Command(name = "delete", description = "Remove a key; exits 1 if it is not there.")
final class DeleteVerb extends KeyVerb {
    DeleteVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        boolean deleted = await(client.async().delete(key));
        if (options.json()) {
            output.json(fields -> {
                writeBytes(fields, "key", key);
                fields.writeBooleanField("deleted", deleted);
            });
        }
        if (!deleted) {
            say("key " + quote(key) + " is not there");
            return ExitCode.NEGATIVE;
        }
        return ExitCode.DONE;
    }
}
