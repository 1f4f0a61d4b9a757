package io.flotilla.raft.host;

/**
 * Counts since the host was made.
 *
 * @param disk how long the log's writes take now
 * @param syncs successful writes to the log, each one sync
 * @param syncNanos how long they took
 * @param batches persist batches made durable by them; {@code batches / syncs} is how well groups share a sync
 * @param entries log entries made durable
 * @param entryBytes their payload bytes
 * @param framesIn hand-overs by the transport
 * @param messagesIn messages in them
 * @param framesOut hand-overs to the transport
 * @param messagesOut messages in them
 * @param dropped messages not taken because a worker or the log writer was behind, or they could not be true
 * @param unknownGroup messages for groups without a running replica here
 * @param elections leaderships won by replicas here
 * @param proposals proposals offered
 * @param reads reads offered
 * @param leasedReads those of them that found a lease and asked nobody
 * @param busy proposals and reads refused because a bound was reached
 * @param heldBack guarded entries that replicas here did not append, each time one came
 * @param haltedGroups replicas that can't go on
 * @param basesMoved how often a replica's log let go of its beginning
 * @param snapshotsSent snapshots that another node's replica installed
 * @param snapshotBytesOut bytes of snapshots sent, those sent again included
 * @param snapshotsReceived snapshots that came here whole
 * @param snapshotBytesIn bytes of snapshots taken
 * @param snapshotsInstalled snapshots that a state machine here took over
 */
public record HostStats(
        DiskPace disk,
        long syncs,
        long syncNanos,
        long batches,
        long entries,
        long entryBytes,
        long framesIn,
        long messagesIn,
        long framesOut,
        long messagesOut,
        long dropped,
        long unknownGroup,
        long elections,
        long proposals,
        long reads,
        long leasedReads,
        long busy,
        long heldBack,
        long haltedGroups,
        long basesMoved,
        long snapshotsSent,
        long snapshotBytesOut,
        long snapshotsReceived,
        long snapshotBytesIn,
        long snapshotsInstalled) {}
