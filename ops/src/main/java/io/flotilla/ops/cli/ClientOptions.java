package io.flotilla.ops.cli;

import io.flotilla.client.ClientConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What every verb takes that talks to a fleet. */
public final class ClientOptions {
    private static final String ENVIRONMENT = "FLOTILLA_ENDPOINTS";
    private static final String DEFAULT_ENDPOINTS = "127.0.0.1:7400";

    @Option(
            names = "--endpoints",
            paramLabel = "HOST:PORT,…",
            description = "Some nodes of the fleet. Default: $" + ENVIRONMENT + ", else " + DEFAULT_ENDPOINTS + ".")
    private String endpoints;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "5s",
            converter = DurationText.class,
            description = "Bounds one operation with its retries: 250ms, 5s, 2m. Default: ${DEFAULT-VALUE}.")
    private Duration timeout;

    @Option(
            names = "--output",
            paramLabel = "text|json",
            defaultValue = "text",
            description = "How results are printed. Default: ${DEFAULT-VALUE}.")
    private OutputFormat output;

    @Option(names = "--hex", description = "Keys and values are given and printed in hex.")
    private boolean hex;

    public Duration timeout() {
        return timeout;
    }

    public boolean json() {
        return output == OutputFormat.json;
    }

    public ByteText bytes() {
        return new ByteText(hex);
    }

    /** @throws CliException (usage) if an endpoint is no address */
    public ClientConfig config(Map<String, String> environment) {
        String text = endpoints;
        String source = "--endpoints";
        if (text == null) {
            String preset = environment.get(ENVIRONMENT);
            text = preset == null || preset.isBlank() ? DEFAULT_ENDPOINTS : preset;
            source = ENVIRONMENT;
        }
        try {
            List<String> addresses =
                    HostPort.parseList(text).stream().map(HostPort::toString).toList();
            return ClientConfig.of(addresses).withTimeout(timeout);
        } catch (TypeConversionException wrong) {
            throw CliException.usage(source + ": " + wrong.getMessage() + "; give HOST:PORT,HOST:PORT,…");
        }
    }
}
