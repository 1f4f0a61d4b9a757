package io.flotilla.raft.disk.os;

import java.io.IOException;

/** Another process, or another part of this one, works on the directory. Nothing in it was touched. */
public final class DirectoryInUseException extends IOException {
    public DirectoryInUseException(String message) {
        super(message);
    }
}
