package io.flotilla.raft.host;

import io.flotilla.raft.core.PersistBatch;

/** @param batch what one replica must make durable; null stands for its creation record */
record PendingWrite(Replica replica, PersistBatch batch) {}
