package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** Changes that are not in the rows below yet, and shadow them. */
final class Overlay implements Rows {
    private static final StoredRow DELETED = new StoredRow(0, ByteString.EMPTY);

    private final Rows below;
    private final Map<ByteString, StoredRow> changes = new LinkedHashMap<>();
    /** Of the values in the changes. */
    private long bytes;

    Overlay(Rows below) {
        this.below = below;
    }

    @Override
    public StoredRow get(ByteString key) {
        if (changes.isEmpty()) {
            return below.get(key);
        }
        StoredRow changed = changes.get(key);
        if (changed == null) {
            return below.get(key);
        }
        return changed == DELETED ? null : changed;
    }

    @Override
    public void put(ByteString key, StoredRow row) {
        change(key, row);
    }

    private void change(ByteString key, StoredRow row) {
        StoredRow before = changes.put(key, row);
        bytes += row.value().size() - (before == null ? 0 : before.value().size());
    }

    /** Of the values that it holds. */
    long bytes() {
        return bytes;
    }

    int size() {
        return changes.size();
    }

    @Override
    public void delete(ByteString key) {
        change(key, DELETED);
    }

    /** Takes all changes out, one per key; a null row means deleted. */
    void drain(BiConsumer<ByteString, StoredRow> target) {
        changes.forEach((key, row) -> target.accept(key, row == DELETED ? null : row));
        changes.clear();
        bytes = 0;
    }
}
