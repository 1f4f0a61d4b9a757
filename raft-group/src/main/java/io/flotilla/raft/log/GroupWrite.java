package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import java.util.List;

/**
 * What one group adds to the shared log in one batch.
 *
 * @param creation the creation record, for the group's first write on this node; else null
 * @param hardState or null if unchanged
 * @param base where the group's log begins from now on, or null if unchanged: entries up to its index are needed no
 *     more. If the log holds no entry of that index and term, none of its entries stays: the state machine came from a
 *     snapshot. Never before the present base. Comes before {@code entries}
 * @param entries in index order without gap; the first may lie at or before the group's last entry, which replaces
 *     everything from there on
 */
public record GroupWrite(
        long groupId, GroupDescriptor creation, HardState hardState, EntryId base, List<Entry> entries) {}
