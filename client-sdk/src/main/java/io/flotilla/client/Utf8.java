package io.flotilla.client;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text as bytes. */
final class Utf8 {
    private Utf8() {}

    /**
     * The bytes that stand for the text.
     *
     * @throws RefusedException (INVALID) if it has half a surrogate pair, for which there are none: replaced by another character
     *     it would be the same key as other text
     */
    static byte[] bytes(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException half) {
            throw new RefusedException(
                    RefusedException.Reason.INVALID,
                    "the text has half a surrogate pair, which is no UTF-8: give bytes");
        }
    }
}
