package io.flotilla.raft.host;

import java.io.IOException;

/** A call to the disk has not come back for longer than {@link HostLimits#maxDiskNanos}: it counts as failed. */
public final class DiskHangsException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskHangsException(String message) {
        super(message);
    }
}
