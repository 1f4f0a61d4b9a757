package io.flotilla.raft.machine;

import io.flotilla.raft.core.log.Entry;

/**
 * Whether this node holds, so that no crash can take it away, what a guarded entry names. Then alone the replica appends the
 * entry, be it sent by a leader or proposed here; so each replica that can be elected with the entry in its log holds it too.
 *
 * <p>Thread-safe. Called on the worker that many groups share: it answers from what is published in memory. What it once said yes to, it
 * must say yes to for as long as the replica is there, also after a crash, also once the machine has applied the entry and no longer
 * keeps apart what that named; a no may become a yes at any time, and is asked for again at the pace of heartbeats.
 */
@FunctionalInterface
public interface EntryGuard {
    /** For machines whose entries name nothing. */
    EntryGuard NONE = entry -> true;

    /**
     * @param entry with the flag {@link Entry#GUARDED}; it may be one that will never be committed
     * @throws RuntimeException if the machine can't go on: the host stops the replica, loudly
     */
    boolean holds(Entry entry);
}
