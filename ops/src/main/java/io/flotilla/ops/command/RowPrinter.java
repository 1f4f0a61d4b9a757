package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.Row;
import io.flotilla.client.ScanPage;
import io.flotilla.client.ScanQuery;
import io.flotilla.ops.cli.ByteText;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.RowJson;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Prints the rows of a scan, page after page; the next page is on its way while one is printed. Holds two pages. */
final class RowPrinter {
    private final String verb;
    private final Output output;
    private final ByteText bytes;
    private final boolean json;
    private long ambiguous;

    RowPrinter(String verb, Output output, ByteText bytes, boolean json) {
        this.verb = verb;
        this.output = output;
        this.bytes = bytes;
        this.json = json;
    }

    void print(FlotillaClient client, ScanQuery query) throws InterruptedException {
        CompletableFuture<ScanPage> coming = client.async().scan(query);
        while (coming != null) {
            ScanPage page = ClientFailures.await(verb, coming);
            Optional<ScanQuery> next = page.next();
            coming = next.isPresent() ? client.async().scan(next.get()) : null;
            for (Row row : page.rows()) {
                print(row);
            }
        }
        output.flush();
    }

    /** Rows that cannot be told from their lines: a tab in the key, or a line feed in either. */
    long ambiguous() {
        return ambiguous;
    }

    private void print(Row row) {
        if (json) {
            output.json(fields -> {
                RowJson.writeBytes(fields, "key", row.key(), bytes.hex());
                RowJson.writeBytes(fields, "value", row.value(), bytes.hex());
                fields.writeNumberField("version", row.version());
            });
            return;
        }
        if (!bytes.hex() && (contains(row.key(), '\t') || contains(row.key(), '\n') || contains(row.value(), '\n'))) {
            ambiguous++;
        }
        output.row(bytes.print(row.key()), bytes.print(row.value()));
    }

    private static boolean contains(byte[] bytes, char wanted) {
        for (byte b : bytes) {
            if (b == wanted) {
                return true;
            }
        }
        return false;
    }
}
