package io.flotilla.ops.node;

/**
 * Why a node can't start or go on.
 *
 * @param exitCode for the process: {@link #REFUSED} or {@link #BROKEN}
 * @param message one line for people: what, why, what to do
 */
public record NodeFailure(int exitCode, String message) {
    /** What was asked is not allowed: wrong seeds, a directory of another node, a port taken. */
    public static final int REFUSED = 4;
    /** This process can't go on: damage, a disk that fails. */
    public static final int BROKEN = 5;

    public static NodeFailure refused(String message) {
        return new NodeFailure(REFUSED, message);
    }

    public static NodeFailure broken(String message) {
        return new NodeFailure(BROKEN, message);
    }
}
