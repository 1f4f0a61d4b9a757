package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;

/** What becomes a log entry if a leader takes it. The payload belongs to the entry from then on. */
public interface Command {
    /** The bytes of the entry; must not change any more. */
    byte[] payload();

    /** {@link Entry#GUARDED} or 0. */
    default int flags() {
        return 0;
    }
}
