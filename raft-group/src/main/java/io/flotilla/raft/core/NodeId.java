package io.flotilla.raft.core;

/**
 * The name of a node, for its whole life: 1 to 64 of the characters {@code A-Z a-z 0-9 . _ -}. A wiped disk comes
 * back under another name, never under the old one.
 */
public record NodeId(String value) implements Comparable<NodeId> {
    public NodeId {
        if (value == null || !value.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException(
                    "node id '" + value + "' is not 1 to 64 characters of A-Z a-z 0-9 . _ -");
        }
    }

    @Override
    public int compareTo(NodeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
