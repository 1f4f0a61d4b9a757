package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.ByteText;
import io.flotilla.ops.cli.RowJson;
import io.flotilla.ops.cli.Terminal;
import java.io.IOException;
import picocli.CommandLine.Parameters;

/** A verb about one key, its first word. */
abstract class KeyVerb extends ClientVerb {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key: 1 byte to 4 KiB.")
    private String keyWord;

    protected KeyVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected final int run(FlotillaClient client) throws Exception {
        return run(client, bytes().parse("key", keyWord));
    }

    protected abstract int run(FlotillaClient client, byte[] key) throws Exception;

    /** The key's new version: {@code version=N}, or as JSON. */
    protected final void printVersion(byte[] key, long version) {
        if (options.json()) {
            output.json(fields -> {
                writeBytes(fields, "key", key);
                fields.writeNumberField("version", version);
            });
        } else {
            output.line("version=" + version);
        }
    }

    protected final void writeBytes(JsonGenerator fields, String name, byte[] value) throws IOException {
        RowJson.writeBytes(fields, name, value, bytes().hex());
    }

    protected static String quote(byte[] key) {
        return "'" + ByteText.describe(key) + "'";
    }
}
