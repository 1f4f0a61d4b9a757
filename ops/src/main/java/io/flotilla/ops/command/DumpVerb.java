package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.ScanQuery;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;

/** {@code dump}. */
@Command(
        name = "dump",
        description = {
            "Print all rows as key<TAB>value lines of raw bytes, in key order.",
            "For keys with a tab or line feed, or values with a line feed, use --hex or --output json;",
            "'flotilla load' takes both."
        })
final class DumpVerb extends ClientVerb {
    DumpVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        RowPrinter printer = new RowPrinter(verb(), output, bytes(), options.json());
        printer.print(client, ScanQuery.all());
        if (printer.ambiguous() > 0) {
            say(printer.ambiguous() + " rows hold a tab in the key or a line feed, so their lines are ambiguous;"
                    + " use --hex or --output json");
        }
        return ExitCode.DONE;
    }
}
