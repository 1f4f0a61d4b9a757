package io.flotilla.raft.machine;

/**
 * The log has a command that this version of the program does not know in every part: a newer one proposed it. What a replica skipped
 * the others would do, so this one stops; nothing is broken, and replicas of other groups are not concerned.
 */
public final class UnknownCommandException extends RuntimeException {
    /** @param what with its number, such as {@code a command of kind 9} */
    public UnknownCommandException(long group, long index, String what) {
        super("entry " + index + " of group " + group + " has " + what
                + ", which this version does not know: start the node with the version that wrote it, or a newer one");
    }
}
