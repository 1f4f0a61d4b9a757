package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code append KEY SUFFIX}. */
@Command(name = "append", description = "Add to the end of a key's value; prints the value's version.")
final class AppendVerb extends KeyVerb {
    @Parameters(index = "1", paramLabel = "SUFFIX", description = "What to add; an absent key counts as empty.")
    private String suffix;

    AppendVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        printVersion(key, await(client.async().append(key, bytes().parse("suffix", suffix))));
        return ExitCode.DONE;
    }
}
