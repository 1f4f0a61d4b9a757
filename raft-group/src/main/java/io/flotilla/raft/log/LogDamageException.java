package io.flotilla.raft.log;

import java.io.IOException;

/** The log is damaged in a way that a crash can't explain. The message names file and offset. Final for the node. */
public final class LogDamageException extends IOException {
    public LogDamageException(String message) {
        super(message);
    }

    public LogDamageException(String message, Throwable cause) {
        super(message, cause);
    }
}
