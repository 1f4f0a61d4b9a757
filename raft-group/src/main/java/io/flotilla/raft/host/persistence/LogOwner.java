package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import java.util.List;

/** The replica whose log the writer writes and the reader reads. No method blocks; any lane, unless it says otherwise. */
public interface LogOwner {
    /** The group that the replica belongs to. */
    long groupId();

    /** For the creation record. */
    GroupDescriptor descriptor();

    /** What the writer remembers of this replica: the same object always, made by the owner, and the writer's alone. */
    WriterNotes notes();

    /** Who hears that its batches are durable: one for many replicas. */
    BatchListener worker();

    /** Its batches up to one are durable. On the worker's lane, once that took {@link DurableBatches}. */
    void persisted(long sequence);

    /** Its creation record is durable. */
    void created();

    /** Its tombstone is durable. */
    void buried(Tombstone tombstone);

    /** The log is too large: it should let go of its entries up to an index. Told again while it is so. */
    void trim(long index, boolean overfull);

    /** What was asked for; empty if the entries are not in the log any more. */
    void loaded(LoadRequest request, List<Entry> entries);
}
