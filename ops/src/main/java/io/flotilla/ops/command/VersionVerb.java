package io.flotilla.ops.command;

import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.OutputFormat;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.node.ProgramVersion;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code version}. */
@Command(name = "version", description = "Print this program's version; 'nodes' prints those of a fleet.")
final class VersionVerb implements Callable<Integer> {
    @Mixin
    private GlobalOptions global;

    @Option(
            names = "--output",
            paramLabel = "text|json",
            defaultValue = "text",
            description = "How the result is printed. Default: ${DEFAULT-VALUE}.")
    private OutputFormat format;

    private final Output output;

    VersionVerb(Terminal terminal) {
        output = new Output(terminal.out());
    }

    @Override
    public Integer call() {
        if (format == OutputFormat.json) {
            output.json(fields -> fields.writeStringField("version", ProgramVersion.VALUE));
        } else {
            output.line("flotilla " + ProgramVersion.VALUE);
        }
        return ExitCode.DONE;
    }
}
