package io.flotilla.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * A value and its version. Versions are counters of the key's shard: they never fall, not even when a key is deleted
 * and made again. Immutable as long as nobody writes into the array.
 *
 * @param value the bytes; not copied
 * @param version from 1
 */
public record VersionedValue(byte[] value, long version) {
    public VersionedValue {
        Objects.requireNonNull(value);
    }

    /** The value read as UTF-8. */
    public String text() {
        return new String(value, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof VersionedValue that && version == that.version && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(value) + Long.hashCode(version);
    }

    @Override
    public String toString() {
        return text() + " (version " + version + ")";
    }
}
