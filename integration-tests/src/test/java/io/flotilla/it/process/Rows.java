package io.flotilla.it.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongPredicate;

/**
 * An input for {@code load}: rows {@code key-000000000<TAB>value…} whose order is the order of their keys, so that a
 * dump of them equals the input byte for byte. It goes on while {@code more} says so; the reader's pace bounds it.
 */
final class Rows extends InputStream {
    private final LongPredicate more;
    private final MessageDigest digest = sha256();
    private byte[] line = new byte[0];
    private int position;
    private long rows;

    Rows(LongPredicate more) {
        this.more = more;
    }

    static byte[] row(long number) {
        return String.format("key-%09d\tvalue of row %d%n", number, number).getBytes(StandardCharsets.UTF_8);
    }

    /** The digest of the first {@code count} rows. */
    static String digestOf(long count) {
        MessageDigest digest = sha256();
        for (long i = 0; i < count; i++) {
            digest.update(row(i));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static String digestOf(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    long count() {
        return rows;
    }

    private boolean fill() {
        if (position == line.length) {
            if (!more.test(rows)) {
                return false;
            }
            line = row(rows++);
            digest.update(line);
            position = 0;
        }
        return true;
    }

    @Override
    public int read() {
        return fill() ? line[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int n = Math.min(length, line.length - position);
        System.arraycopy(line, position, target, offset, n);
        position += n;
        return n;
    }

    String digest() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
