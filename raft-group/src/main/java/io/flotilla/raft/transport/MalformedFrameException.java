package io.flotilla.raft.transport;

import java.io.IOException;

/** Bytes from another node that this version can't read. The message says what was wrong and at which offset. */
public final class MalformedFrameException extends IOException {
    public MalformedFrameException(String message) {
        super(message);
    }
}
