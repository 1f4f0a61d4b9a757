package io.flotilla.kv.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Changes that become visible and durable together, in their order: a later one overrules an earlier one. Built by one
 * lane, then handed to {@link KvEngine#write} and not touched again.
 */
public final class EngineBatch {
    /** Takes the changes of a batch one by one. */
    public interface Visitor {
        void put(byte[] key, byte[] value);

        void delete(byte[] key);

        void deleteRange(byte[] from, byte[] to);
    }

    private enum Kind {
        PUT,
        DELETE,
        DELETE_RANGE
    }

    private record Change(Kind kind, byte[] key, byte[] argument) {}

    private final List<Change> changes = new ArrayList<>();
    private long bytes;

    public void put(byte[] key, byte[] value) {
        changes.add(new Change(Kind.PUT, key, value));
        bytes += key.length + value.length;
    }

    /** Deleting an absent key does nothing. */
    public void delete(byte[] key) {
        changes.add(new Change(Kind.DELETE, key, null));
        bytes += key.length;
    }

    /** Deletes all keys in {@code [from, to)}; does nothing if {@code to} is not above {@code from}. */
    public void deleteRange(byte[] from, byte[] to) {
        if (Keys.compare(from, to) < 0) {
            changes.add(new Change(Kind.DELETE_RANGE, from, to));
            bytes += from.length + to.length;
        }
    }

    public boolean isEmpty() {
        return changes.isEmpty();
    }

    public int size() {
        return changes.size();
    }

    /** The bytes of its keys and values. */
    public long bytes() {
        return bytes;
    }

    public void forEach(Visitor visitor) {
        for (Change change : changes) {
            switch (change.kind) {
                case PUT:
                    visitor.put(change.key, change.argument);
                    break;
                case DELETE:
                    visitor.delete(change.key);
                    break;
                default:
                    visitor.deleteRange(change.key, change.argument);
            }
        }
    }
}
