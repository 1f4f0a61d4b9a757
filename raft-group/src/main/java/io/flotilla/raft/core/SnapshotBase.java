package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;

/**
 * Where a log begins once a snapshot is installed.
 *
 * @param last the last entry in the snapshot
 * @param membership in force at that entry
 */
public record SnapshotBase(EntryId last, Membership membership) {}
