package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import java.util.List;

/**
 * What a replica owes the world since the last drain. A drained effect is owed: the host carries it out or stops the
 * replica.
 *
 * @param send messages that may leave at once
 * @param persist in order; usually none or one
 * @param apply committed entries, in index order without gap, durable here; answered by {@link RaftCore#applied};
 *     no more are given out while {@link CoreConfig#maxApplyBytes} of them are unanswered
 * @param grants reads that are now safe
 * @param refusedReads reads that this replica can't serve (it lost its leadership)
 * @param loads entries wanted from disk
 * @param snapshots followers that lack what this leader's log no longer holds: each wants a snapshot of the state
 *     machine; answered by {@link RaftCore#snapshotSent} or {@link RaftCore#snapshotFailed}
 */
public record Effects(
        List<Outbound> send,
        List<PersistBatch> persist,
        List<Entry> apply,
        List<ReadGrant> grants,
        List<Long> refusedReads,
        List<LoadRequest> loads,
        List<NodeId> snapshots) {
    public static final Effects NONE =
            new Effects(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
}
