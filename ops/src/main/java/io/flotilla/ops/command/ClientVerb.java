package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ByteText;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.cli.ClientOptions;
import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.Terminal;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A verb that asks a fleet: connects, runs, prints, closes. */
abstract class ClientVerb implements Callable<Integer> {
    protected final Terminal terminal;
    protected final Output output;

    @Mixin
    protected GlobalOptions global;

    @Mixin
    protected ClientOptions options;

    @Spec
    private CommandSpec spec;

    protected ClientVerb(Terminal terminal) {
        this.terminal = terminal;
        this.output = new Output(terminal.out());
    }

    @Override
    public final Integer call() throws Exception {
        CommandSpec above = spec.parent();
        if (above != spec.root()
                && !above.commandLine().getParseResult().matchedOptions().isEmpty()) {
            throw CliException.usage(verb() + ": flags stand after '" + spec.name() + "'");
        }
        try (FlotillaClient client = FlotillaClient.connect(options.config(terminal.environment()))) {
            int code = run(client);
            output.flush();
            return code;
        }
    }

    /** @return the exit code */
    protected abstract int run(FlotillaClient client) throws Exception;

    protected final String verb() {
        return Commands.verb(spec);
    }

    protected final ByteText bytes() {
        return options.bytes();
    }

    protected final <T> T await(CompletableFuture<T> future) throws InterruptedException {
        return ClientFailures.await(verb(), future);
    }

    /** What ends the verb after a failed operation. */
    protected final CliException failure(Throwable failed) {
        CliException why = ClientFailures.explain(failed);
        return new CliException(why.exitCode(), verb() + ": " + why.getMessage(), failed);
    }

    /** Says why the answer is negative. */
    protected final void say(String line) {
        terminal.err().println("flotilla: " + verb() + ": " + line);
    }
}
