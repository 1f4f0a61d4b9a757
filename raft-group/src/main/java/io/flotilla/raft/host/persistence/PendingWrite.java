package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.log.Tombstone;

/**
 * What one replica must make durable.
 *
 * @param batch null in a tombstone or a creation record
 * @param tombstone null in a batch or a creation record
 */
public record PendingWrite(LogOwner owner, PersistBatch batch, Tombstone tombstone) {
    public static PendingWrite creation(LogOwner owner) {
        return new PendingWrite(owner, null, null);
    }
}
