package io.flotilla.kv.machine;

/**
 * The log has a command that this version does not know in every part: it was proposed by a newer one. This replica can't go on;
 * replicas of other groups are not concerned.
 */
public final class UnknownCommandException extends RuntimeException {
    /** @param what such as {@code a command of kind 9} */
    public UnknownCommandException(long group, long index, String what) {
        super("entry " + index + " of group " + group + " has " + what
                + ", which this version does not know: run the version that wrote it on this node");
    }
}
