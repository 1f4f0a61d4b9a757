package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.ConfigurationPrinter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code config [--number N]}. */
@Command(
        name = "config",
        description = {
            "Show a configuration: the numbered map from shards to groups to replicas to addresses.",
            "Without --number the newest that some node knows, also while the controller is down;",
            "a number is looked up at the controller, which keeps the newest 1,000.",
            "Exits 1 if there is no such configuration."
        })
final class ConfigVerb extends ClientVerb {
    @Option(names = "--number", paramLabel = "N", description = "Which one, from 1. Default: the newest.")
    private Long number;

    ConfigVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        if (number != null && number < 1) {
            throw CliException.usage("config: --number is " + number + ", but must be at least 1");
        }
        if (number == null) {
            print(await(client.async().configuration(options.timeout())));
            return ExitCode.DONE;
        }
        Request request = Request.newBuilder()
                .setConfiguration(ConfigurationRequest.newBuilder().setNumber(number))
                .build();
        Response response = await(client.async().callController(request, options.timeout()));
        if (response.hasConfiguration()) {
            print(response.getConfiguration());
            return ExitCode.DONE;
        }
        Refusal refusal = response.getRefusal();
        if (refusal.getKind() == Refusal.Kind.NO_SUCH_CONFIGURATION) {
            say(refusal.getMessage());
            return ExitCode.NEGATIVE;
        }
        throw new CliException(ExitCode.REFUSED, "config: refused: " + refusal.getMessage());
    }

    private void print(Configuration configuration) {
        if (options.json()) {
            output.json(fields -> ConfigurationPrinter.write(configuration, fields));
        } else {
            ConfigurationPrinter.lines(configuration).forEach(output::line);
        }
    }
}
