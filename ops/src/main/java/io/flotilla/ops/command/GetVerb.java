package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.VersionedValue;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code get KEY}. */
@Command(name = "get", description = "Print a key's value; exits 1 if the key is not there.")
final class GetVerb extends KeyVerb {
    GetVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        Optional<VersionedValue> found = await(client.async().get(key));
        if (options.json()) {
            output.json(fields -> {
                writeBytes(fields, "key", key);
                fields.writeBooleanField("found", found.isPresent());
                if (found.isPresent()) {
                    writeBytes(fields, "value", found.get().value());
                    fields.writeNumberField("version", found.get().version());
                }
            });
        } else {
            found.ifPresent(value -> output.line(bytes().print(value.value())));
        }
        if (found.isEmpty()) {
            say("key " + quote(key) + " is not there");
            return ExitCode.NEGATIVE;
        }
        return ExitCode.DONE;
    }
}
