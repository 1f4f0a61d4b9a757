package io.flotilla.ops.cli;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * How keys and values are written on the command line and in output: as UTF-8 text, or all in hex ({@code --hex}).
 * Immutable.
 */
public final class ByteText {
    private static final HexFormat HEX = HexFormat.of();

    private final boolean hex;

    public ByteText(boolean hex) {
        this.hex = hex;
    }

    public boolean hex() {
        return hex;
    }

    /**
     * The bytes that a word of the command line stands for.
     *
     * @param what names the word in the message, such as "key"
     * @throws CliException (refused) if it is no hex, or is text that stands for no bytes
     */
    public byte[] parse(String what, String word) {
        if (hex) {
            try {
                return HEX.parseHex(word);
            } catch (IllegalArgumentException notHex) {
                throw CliException.refused(
                        what + ": '" + word + "' is not hex; with --hex give an even number of digits 0-9 a-f");
            }
        }
        return utf8(word)
                .orElseThrow(() -> CliException.refused(
                        what + ": has half a surrogate pair, which is no UTF-8; give its bytes in hex with --hex"));
    }

    /** The bytes as they are printed: themselves, or hex. */
    public byte[] print(byte[] bytes) {
        return hex ? HEX.formatHex(bytes).getBytes(StandardCharsets.US_ASCII) : bytes;
    }

    public static String toHex(byte[] bytes) {
        return HEX.formatHex(bytes);
    }

    /** @throws IllegalArgumentException if the text is not hex */
    public static byte[] fromHex(CharSequence text) {
        return HEX.parseHex(text);
    }

    /** The text if the bytes are well-formed UTF-8. */
    public static Optional<String> utf8(byte[] bytes) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException malformed) {
            return Optional.empty();
        }
    }

    /** The bytes of the text as UTF-8; empty if it has half a surrogate pair, which stands for none. */
    public static Optional<byte[]> utf8(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return Optional.of(Arrays.copyOf(bytes.array(), bytes.limit()));
        } catch (CharacterCodingException malformed) {
            return Optional.empty();
        }
    }

    /** For messages: the text if it is printable, else hex; cut after 80 characters. */
    public static String describe(byte[] bytes) {
        String text = utf8(bytes)
                .filter(t -> t.chars().noneMatch(Character::isISOControl))
                .orElseGet(() -> "0x" + HEX.formatHex(bytes));
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
