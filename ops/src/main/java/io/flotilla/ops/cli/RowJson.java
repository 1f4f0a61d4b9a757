package io.flotilla.ops.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Optional;

/**
 * Bytes in JSON, so that any bytes survive: a string field under the plain name if they are UTF-8, else hex under the name
 * with {@code Hex} added. With {@code --hex} the plain name always holds hex.
 */
public final class RowJson {
    private RowJson() {}

    public static void writeBytes(JsonGenerator fields, String name, byte[] bytes, boolean hex) throws IOException {
        if (hex) {
            fields.writeStringField(name, ByteText.toHex(bytes));
            return;
        }
        Optional<String> text = ByteText.utf8(bytes);
        if (text.isPresent()) {
            fields.writeStringField(name, text.get());
        } else {
            fields.writeStringField(name + "Hex", ByteText.toHex(bytes));
        }
    }
}
