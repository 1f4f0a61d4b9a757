package io.flotilla.raft.host.persistence;

/** What the log writer remembers of one replica. Belongs to the log writer's lane. */
public final class WriterNotes {
    /** Where the replica's write stands in the batch that is put together, or -1. */
    int slot = -1;

    /** When the replica was last asked to let its log be cut; 0 for never. */
    long trimmedAt;
}
