package io.flotilla.raft.transport;

/**
 * The versions of the protocol between nodes that a program speaks. Two nodes use the highest that both speak. Immutable.
 *
 * @param lowest 1 or more
 * @param highest {@code lowest} or more, 255 at most
 */
public record VersionRange(int lowest, int highest) {
    /** What this program speaks. A change of any byte after the greetings makes a new version. */
    public static final VersionRange SPOKEN = new VersionRange(4, 4);

    public VersionRange {
        if (lowest < 1 || highest < lowest || highest > 255) {
            throw new IllegalArgumentException("no range of versions: " + lowest + " to " + highest);
        }
    }

    /** The highest version in both, 0 if there is none. */
    public int common(VersionRange other) {
        int version = Math.min(highest, other.highest);
        return version >= Math.max(lowest, other.lowest) ? version : 0;
    }

    @Override
    public String toString() {
        return lowest == highest ? "version " + lowest : "versions " + lowest + " to " + highest;
    }
}
