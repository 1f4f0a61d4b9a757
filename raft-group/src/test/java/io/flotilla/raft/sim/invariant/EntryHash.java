package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.sim.TraceHash;

/** What an entry says, as one number: its kind and its payload. */
public final class EntryHash {
    private EntryHash() {}

    public static long of(Entry entry) {
        return TraceHash.of(entry.payload()) * 31 + entry.kind().code();
    }
}
