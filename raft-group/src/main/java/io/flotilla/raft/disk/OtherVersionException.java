package io.flotilla.raft.disk;

import java.io.IOException;

/**
 * What lies in the data directory was written by another version of the program, in a format that this one does not read. Nothing is
 * damaged, and nothing was changed.
 */
public final class OtherVersionException extends IOException {
    /** @param message one line: which file or directory, the version found and the one expected, what to do */
    public OtherVersionException(String message) {
        super(message);
    }
}
