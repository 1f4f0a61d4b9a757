package io.flotilla.ops.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.flotilla.client.Limits;
import io.flotilla.ops.cli.ByteText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Turns a line into a row, and checks the limits that the service would refuse anyway. Used by one thread. */
public interface RowFormat {
    /**
     * @param line without its line feed
     * @param through the lines until this one
     * @throws MalformedLineException if the line is no row, or its key or value is outside the limits
     */
    LoadRow parse(InputPrefix through, byte[] line) throws MalformedLineException;

    /** {@code key<TAB>value}: bytes, split at the first tab. */
    static RowFormat tabSeparated(boolean hex) {
        return (through, line) -> {
            int tab = 0;
            while (tab < line.length && line[tab] != '\t') {
                tab++;
            }
            if (tab == line.length) {
                throw new MalformedLineException("has no tab between key and value");
            }
            byte[] key = Arrays.copyOfRange(line, 0, tab);
            byte[] value = Arrays.copyOfRange(line, tab + 1, line.length);
            return hex
                    ? checked(through, hex("key", ascii(key)), hex("value", ascii(value)))
                    : checked(through, key, value);
        };
    }

    /**
     * One JSON object per line with {@code key} and {@code value}, or {@code keyHex} and {@code valueHex}; other fields are
     * ignored, so that what {@code dump --output json} prints can be loaded. The line is UTF-8; a string with half a surrogate pair
     * stands for no bytes, and a key or value that is given twice for no certain ones: both are refused.
     *
     * @param hex {@code key} and {@code value} hold hex
     */
    static RowFormat jsonLines(boolean hex) {
        JsonFactory json = new JsonFactory();
        return (through, line) -> {
            byte[] key = null;
            byte[] value = null;
            String text = ByteText.utf8(line).orElseThrow(() -> new MalformedLineException("is not UTF-8"));
            try (JsonParser parser = json.createParser(text)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    throw new MalformedLineException("is no JSON object with \"key\" and \"value\"");
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String field = parser.currentName();
                    JsonToken token = parser.nextToken();
                    switch (field) {
                        case "key" -> key = once(key, "key", bytes(field, parser, token, hex));
                        case "keyHex" -> key = once(key, "key", bytes(field, parser, token, true));
                        case "value" -> value = once(value, "value", bytes(field, parser, token, hex));
                        case "valueHex" -> value = once(value, "value", bytes(field, parser, token, true));
                        default -> parser.skipChildren();
                    }
                }
                if (parser.nextToken() != null) {
                    throw new MalformedLineException("goes on after the JSON object");
                }
            } catch (JsonProcessingException notJson) {
                throw new MalformedLineException("is no JSON: " + notJson.getOriginalMessage());
            } catch (IOException impossible) {
                throw new MalformedLineException("cannot be read: " + impossible.getMessage());
            }
            if (key == null || value == null) {
                throw new MalformedLineException("has no \"" + (key == null ? "key" : "value") + "\"");
            }
            return checked(through, key, value);
        };
    }

    private static byte[] bytes(String field, JsonParser parser, JsonToken token, boolean hex)
            throws IOException, MalformedLineException {
        if (token != JsonToken.VALUE_STRING) {
            throw new MalformedLineException("has a \"" + field + "\" that is no string");
        }
        String text = parser.getText();
        if (hex) {
            return hex(field, text);
        }
        return ByteText.utf8(text)
                .orElseThrow(() -> new MalformedLineException("has half a surrogate pair in its \"" + field
                        + "\", which stands for no bytes; give the bytes in \"" + field + "Hex\""));
    }

    private static byte[] once(byte[] before, String what, byte[] now) throws MalformedLineException {
        if (before != null) {
            throw new MalformedLineException("has two " + what + "s");
        }
        return now;
    }

    private static String ascii(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] hex(String what, String text) throws MalformedLineException {
        try {
            return ByteText.fromHex(text);
        } catch (IllegalArgumentException notHex) {
            throw new MalformedLineException("has a " + what + " that is not hex");
        }
    }

    private static LoadRow checked(InputPrefix through, byte[] key, byte[] value) throws MalformedLineException {
        if (key.length == 0) {
            throw new MalformedLineException("has an empty key");
        }
        if (key.length > Limits.KEY_BYTES) {
            throw new MalformedLineException("has a key of " + key.length + " bytes; the limit is " + Limits.KEY_BYTES);
        }
        if (value.length > Limits.VALUE_BYTES) {
            throw new MalformedLineException(
                    "has a value of " + value.length + " bytes; the limit is " + Limits.VALUE_BYTES);
        }
        return new LoadRow(through, key, value);
    }
}
