package io.flotilla.raft.host;

import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.log.Tombstone;

/**
 * What one replica must make durable.
 *
 * @param batch null in a tombstone or a creation record
 * @param tombstone null in a batch or a creation record
 */
record PendingWrite(Replica replica, PersistBatch batch, Tombstone tombstone) {
    static PendingWrite creation(Replica replica) {
        return new PendingWrite(replica, null, null);
    }
}
