package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import java.util.List;

/** One group as the shared log holds it. Fields as in {@link io.flotilla.raft.core.RestoredState}. */
public record RecoveredGroup(
        GroupDescriptor descriptor, HardState hardState, EntryId base, List<TermRun> terms, long lastIndex) {}
