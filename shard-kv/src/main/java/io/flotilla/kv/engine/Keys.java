package io.flotilla.kv.engine;

import com.google.protobuf.ByteString;
import java.util.Arrays;

/** The order of keys: as unsigned bytes, a prefix before what it begins. */
public final class Keys {
    private Keys() {}

    public static int compare(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b);
    }

    /** The same order, without the iterators of {@link ByteString#unsignedLexicographicalComparator}: each write asks twice. */
    public static int compare(ByteString a, ByteString b) {
        int common = Math.min(a.size(), b.size());
        for (int i = 0; i < common; i++) {
            int difference = (a.byteAt(i) & 0xFF) - (b.byteAt(i) & 0xFF);
            if (difference != 0) {
                return difference;
            }
        }
        return a.size() - b.size();
    }

    /** The smallest key above all keys that begin with {@code prefix}; null if there is none. */
    public static byte[] afterPrefix(byte[] prefix) {
        for (int i = prefix.length - 1; i >= 0; i--) {
            if (prefix[i] != (byte) 0xff) {
                byte[] after = Arrays.copyOf(prefix, i + 1);
                after[i]++;
                return after;
            }
        }
        return null;
    }
}
