package io.flotilla.ops.node;

import io.flotilla.kv.engine.EngineException;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.machine.UnknownCommandException;
import io.flotilla.raft.node.DirectoryRefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;

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

    /** What a failed disk, damage or a defect says, with what to do if it does not say that itself. */
    public static NodeFailure of(Throwable cause) {
        String text = text(cause);
        if (cause instanceof OtherVersionException || cause.getCause() instanceof OtherVersionException) {
            return refused(text);
        }
        boolean advises = cause instanceof LogDamageException
                || cause instanceof EngineException
                || cause instanceof DirectoryRefusedException
                || cause instanceof StateFile.StateFileException;
        if (cause instanceof IOException && !advises) {
            return broken(text + "; nothing more is acknowledged: " + DiskFault.advice(text));
        }
        return broken(text);
    }

    /**
     * Of a replica of this node that was halted; null if that is no reason for the node to stop: a newer version of the program
     * proposed what this one does not know, nothing is broken, and the other groups go on.
     */
    static NodeFailure ofReplica(long group, Throwable cause) {
        if (cause instanceof UnknownCommandException) {
            return null;
        }
        if (cause instanceof UncheckedIOException disk) {
            return of(disk.getCause());
        }
        return cause instanceof EngineException
                ? of(cause)
                : broken("the replica of group " + group + " was halted: " + text(cause));
    }

    static String text(Throwable cause) {
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    public static NodeFailure broken(String message) {
        return new NodeFailure(BROKEN, message);
    }
}
