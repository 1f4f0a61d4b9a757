package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.Entry;
import java.util.List;

/**
 * What one group adds to the shared log in one batch.
 *
 * @param creation the creation record, for the group's first write on this node; else null
 * @param hardState or null if unchanged
 * @param entries in index order without gap; the first may lie at or before the group's last entry, which replaces
 *     everything from there on
 */
public record GroupWrite(long groupId, GroupDescriptor creation, HardState hardState, List<Entry> entries) {}
