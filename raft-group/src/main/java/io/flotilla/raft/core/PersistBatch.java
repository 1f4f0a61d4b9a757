package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;

/**
 * What must be durable, and the messages that may leave only after it is. Batches of one group are persisted in the
 * order in which they were drained; each is answered by {@link RaftCore#persisted}. Messages that promise durable
 * state (votes, append acknowledgements) exist nowhere else, so they can't leave early.
 *
 * @param sequence grows by one from batch to batch of a replica
 * @param hardState the new hard state, or null if unchanged
 * @param base where the log begins from now on, or null if unchanged: entries up to its index are needed no more
 * @param membership in force at the base; null if that is unchanged
 * @param reset whether no earlier entry stays at all, also of batches that are not durable yet: the state machine took
 *     over a snapshot that ends with {@code base}, and the log did not hold that
 * @param snapshot a snapshot that the state machine takes over once this batch is durable, or null: should the log not come
 *     to know that it was installed, this is what the log begins with
 * @param entries to append, all after {@code base}; the first one's index may lie at or before the log's end, which cuts everything from there
 * @param messages to send once the batch is durable; a batch may consist of them alone
 */
public record PersistBatch(
        long sequence,
        HardState hardState,
        EntryId base,
        Membership membership,
        boolean reset,
        SnapshotBase snapshot,
        List<Entry> entries,
        List<Outbound> messages) {
    /** Whether there is nothing to write: then it is durable as soon as the batches before it are. */
    public boolean isEmpty() {
        return hardState == null && base == null && snapshot == null && entries.isEmpty();
    }
}
