package io.flotilla.raft.node;

import java.io.IOException;

/** The data directory is not the one that its node last ran with, or another process runs as the node. One line: why, and what to do. */
public final class DirectoryRefusedException extends IOException {
    public DirectoryRefusedException(String message) {
        super(message);
    }
}
