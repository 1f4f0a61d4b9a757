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
    /** @throws MalformedLineException if the line is no row, or its key or value is outside the limits */
    LoadRow parse(long number, byte[] line) throws MalformedLineException;

    /** {@code key<TAB>value}: bytes, split at the first tab. */
    static RowFormat tabSeparated(boolean hex) {
        return (number, line) -> {
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
                    ? checked(number, hex("key", ascii(key)), hex("value", ascii(value)))
                    : checked(number, key, value);
        };
    }

    /**
     * One JSON object per line with {@code key} and {@code value}, or {@code keyHex} and {@code valueHex}; other fields are
     * ignored, so that what {@code dump --output json} prints can be loaded.
     *
     * @param hex {@code key} and {@code value} hold hex
     */
    static RowFormat jsonLines(boolean hex) {
        JsonFactory json = new JsonFactory();
        return (number, line) -> {
            byte[] key = null;
            byte[] value = null;
            try (JsonParser parser = json.createParser(line)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    throw new MalformedLineException("is no JSON object with \"key\" and \"value\"");
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String field = parser.currentName();
                    JsonToken token = parser.nextToken();
                    switch (field) {
                        case "key" -> key = bytes(field, parser, token, hex);
                        case "keyHex" -> key = bytes(field, parser, token, true);
                        case "value" -> value = bytes(field, parser, token, hex);
                        case "valueHex" -> value = bytes(field, parser, token, true);
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
            return checked(number, key, value);
        };
    }

    private static byte[] bytes(String field, JsonParser parser, JsonToken token, boolean hex)
            throws IOException, MalformedLineException {
        if (token != JsonToken.VALUE_STRING) {
            throw new MalformedLineException("has a \"" + field + "\" that is no string");
        }
        String text = parser.getText();
        return hex ? hex(field, text) : text.getBytes(StandardCharsets.UTF_8);
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

    private static LoadRow checked(long number, byte[] key, byte[] value) throws MalformedLineException {
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
        return new LoadRow(number, key, value);
    }
}
