package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code put KEY VALUE}. */
@Command(name = "put", description = "Set a key's value; prints the value's version.")
final class PutVerb extends KeyVerb {
    @Parameters(index = "1", paramLabel = "VALUE", description = "The value: up to 1 MiB.")
    private String value;

    PutVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        printVersion(key, await(client.async().put(key, bytes().parse("value", value))));
        return ExitCode.DONE;
    }
}
