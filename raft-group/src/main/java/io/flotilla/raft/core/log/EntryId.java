package io.flotilla.raft.core.log;

/** An entry's place: two entries with the same term and index are the same entry (Log Matching). */
public record EntryId(long term, long index) {
    /** The sentinel before the first entry; never committed, never applied. */
    public static final EntryId ZERO = new EntryId(0, 0);
}
