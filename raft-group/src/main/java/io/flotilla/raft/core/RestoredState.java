package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;

/**
 * What a replica starts from: what its log store recovered and what its state machine holds durably.
 *
 * @param base the entry before the first one in the log; {@link EntryId#ZERO} if the log starts at 1
 * @param terms the terms of all entries after the base, as runs in index order; empty if there are none
 * @param lastIndex the last entry's index; the base's if there are no entries
 * @param membership the newest membership in the log or the creation record
 * @param applied what the state machine holds; between the base's index and {@code lastIndex}, or {@code installed}
 * @param installed the last entry of the image that the state machine took over last, {@link EntryId#ZERO} if none. If
 *     the log does not hold it, a crash came before the log knew of the image: the log then begins anew after it
 */
public record RestoredState(
        HardState hardState,
        EntryId base,
        List<TermRun> terms,
        long lastIndex,
        Membership membership,
        long applied,
        EntryId installed) {}
