package io.flotilla.raft.transport;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Names a transfer between two nodes: opaque bytes that mean something only to whoever opens the source, but for the first, which
 * says whose transfers these are. One id stands for one content, at every position of it, for ever. Immutable.
 */
public final class TransferId implements Comparable<TransferId> {
    /** Bytes of an id, at most; at least one. */
    public static final int MAX_BYTES = 256;

    private final byte[] bytes;

    private TransferId(byte[] bytes) {
        this.bytes = bytes;
    }

    /** @throws IllegalArgumentException if there are none or too many bytes */
    public static TransferId of(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a transfer's id of " + bytes.length + " bytes: it has 1 to " + MAX_BYTES);
        }
        return new TransferId(bytes.clone());
    }

    /** Whose transfers these are, see {@link #of}: 0 to 255. */
    public int kind() {
        return bytes[0] & 0xff;
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    int size() {
        return bytes.length;
    }

    @Override
    public int compareTo(TransferId other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TransferId id && Arrays.equals(bytes, id.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Its characters where they are printable, else its bytes in hex. */
    @Override
    public String toString() {
        for (byte b : bytes) {
            if (b < 0x20 || b > 0x7e) {
                return HexFormat.of().formatHex(bytes);
            }
        }
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
