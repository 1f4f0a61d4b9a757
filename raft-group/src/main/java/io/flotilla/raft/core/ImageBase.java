package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;

/**
 * Where a log begins once an image is installed.
 *
 * @param last the last entry in the image
 * @param membership in force at that entry
 */
public record ImageBase(EntryId last, Membership membership) {}
