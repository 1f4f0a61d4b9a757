package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.ScanQuery;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code scan}. */
@Command(name = "scan", description = "Print the rows of a key range as key<TAB>value lines, in key order.")
final class ScanVerb extends ClientVerb {
    @Option(names = "--prefix", paramLabel = "P", description = "Only keys that begin with this.")
    private String prefix;

    @Option(names = "--from", paramLabel = "KEY", description = "Only keys at or after this one.")
    private String from;

    @Option(names = "--to", paramLabel = "KEY", description = "Only keys before this one.")
    private String to;

    @Option(names = "--limit", paramLabel = "N", description = "At most this many rows.")
    private Long limit;

    @Option(names = "--reverse", description = "From the last key to the first.")
    private boolean reverse;

    ScanVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        if (limit != null && limit < 1) {
            throw CliException.usage("scan: --limit is " + limit + ", but must be at least 1");
        }
        ScanQuery query = ScanQuery.all();
        if (prefix != null) {
            query = query.prefix(bytes().parse("--prefix", prefix));
        }
        if (from != null) {
            query = query.from(bytes().parse("--from", from));
        }
        if (to != null) {
            query = query.to(bytes().parse("--to", to));
        }
        if (limit != null) {
            query = query.limit(limit);
        }
        if (reverse) {
            query = query.reverse();
        }
        new RowPrinter(verb(), output, bytes(), options.json()).print(client, query);
        return ExitCode.DONE;
    }
}
