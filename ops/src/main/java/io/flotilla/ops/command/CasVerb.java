package io.flotilla.ops.command;

import io.flotilla.client.CasResult;
import io.flotilla.client.Expectation;
import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cas KEY NEW --expect V | --version N | --absent}. */
@Command(name = "cas", description = "Set a key's value if the condition holds; else exits 1 and changes nothing.")
final class CasVerb extends KeyVerb {
    @Parameters(index = "1", paramLabel = "NEW", description = "The new value.")
    private String value;

    @ArgGroup(multiplicity = "1")
    private Condition condition;

    static final class Condition {
        @Option(names = "--expect", paramLabel = "VALUE", description = "The key has this value.")
        String expect;

        @Option(names = "--version", paramLabel = "N", description = "The key has this version.")
        Long version;

        @Option(names = "--absent", description = "The key is not there.")
        boolean absent;
    }

    CasVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client, byte[] key) throws Exception {
        CasResult result = await(client.async().compareAndSet(key, expectation(), bytes().parse("value", value)));
        if (options.json()) {
            output.json(fields -> {
                writeBytes(fields, "key", key);
                fields.writeBooleanField("done", result.done());
                fields.writeNumberField("version", result.version());
                if (result.present().isPresent()) {
                    writeBytes(fields, "present", result.present().get());
                }
                if (!result.presentKnown()) {
                    fields.writeBooleanField("presentKnown", false);
                }
            });
        } else if (result.done()) {
            output.line("version=" + result.version());
        }
        if (result.done()) {
            return ExitCode.DONE;
        }
        say("the condition does not hold: key " + quote(key) + whatWasThere(result) + "; nothing changed");
        return ExitCode.NEGATIVE;
    }

    private static String whatWasThere(CasResult result) {
        if (result.presentKnown()) {
            return result.version() == 0 ? " is not there" : " has version " + result.version();
        }
        return (result.version() == 0 ? " was not there" : " had version " + result.version())
                + " and was changed by somebody since";
    }

    private Expectation expectation() {
        if (condition.expect != null) {
            return Expectation.value(bytes().parse("expected value", condition.expect));
        }
        return condition.version != null ? Expectation.version(condition.version) : Expectation.absent();
    }
}
