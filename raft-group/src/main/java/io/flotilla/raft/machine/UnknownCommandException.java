package io.flotilla.raft.machine;

/**
 * The log has a command that this version of the program does not know in every part: a newer one proposed it. What a replica skipped
 * the others would do, so this one stops; nothing is broken, and replicas of other groups are not concerned.
 */
public final class UnknownCommandException extends RuntimeException {
    /** @param message one line: which entry, which number of a kind or a field, what to do */
    public UnknownCommandException(String message) {
        super(message);
    }
}
