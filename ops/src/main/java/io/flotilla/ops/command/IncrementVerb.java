package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code increment KEY [N]}. */
@Command(name = "increment", description = "Add to a key's decimal number; prints the new number.")
final class IncrementVerb extends KeyVerb {
    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "N",
            defaultValue = "1",
            description = "How much to add, may be negative. Default: ${DEFAULT-VALUE}. An absent key counts as 0.")
    private long delta;

    IncrementVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        long number = await(client.async().increment(key, delta));
        if (options.json()) {
            output.json(fields -> {
                writeBytes(fields, "key", key);
                fields.writeNumberField("value", number);
            });
        } else {
            output.line(Long.toString(number));
        }
        return ExitCode.DONE;
    }
}
