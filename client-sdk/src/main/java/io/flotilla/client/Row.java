package io.flotilla.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * One row of a scan. Immutable as long as nobody writes into the arrays.
 *
 * @param key not copied
 * @param value not copied
 * @param version see {@link VersionedValue}
 */
public record Row(byte[] key, byte[] value, long version) {
    public Row {
        Objects.requireNonNull(key);
        Objects.requireNonNull(value);
    }

    /** The key read as UTF-8. */
    public String keyText() {
        return new String(key, StandardCharsets.UTF_8);
    }

    /** The value read as UTF-8. */
    public String valueText() {
        return new String(value, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Row that
                && version == that.version
                && Arrays.equals(key, that.key)
                && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(key) + Arrays.hashCode(value)) + Long.hashCode(version);
    }

    @Override
    public String toString() {
        return keyText() + "=" + valueText() + " (version " + version + ")";
    }
}
