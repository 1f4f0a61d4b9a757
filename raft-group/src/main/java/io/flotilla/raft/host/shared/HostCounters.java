package io.flotilla.raft.host.shared;

import io.flotilla.raft.host.DiskPace;
import io.flotilla.raft.host.HostStats;
import io.flotilla.raft.transfer.TransferCounters;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** What {@link HostStats} shows, as it is counted. Any lane. */
public final class HostCounters {
    public final LongAdder syncs = new LongAdder();
    /** Of the log's writes, each with its sync. */
    public final LongAdder syncNanos = new LongAdder();

    public final LongAdder batches = new LongAdder();
    public final LongAdder entries = new LongAdder();
    public final LongAdder entryBytes = new LongAdder();
    public final LongAdder framesIn = new LongAdder();
    public final LongAdder messagesIn = new LongAdder();
    public final LongAdder framesOut = new LongAdder();
    public final LongAdder messagesOut = new LongAdder();
    public final LongAdder dropped = new LongAdder();
    public final LongAdder unknownGroup = new LongAdder();
    public final LongAdder elections = new LongAdder();
    public final LongAdder proposals = new LongAdder();
    public final LongAdder reads = new LongAdder();
    public final LongAdder leasedReads = new LongAdder();
    public final LongAdder busy = new LongAdder();
    public final LongAdder heldBack = new LongAdder();
    public final LongAdder haltedGroups = new LongAdder();
    public final LongAdder basesMoved = new LongAdder();
    public final LongAdder snapshotsSent = new LongAdder();
    public final LongAdder snapshotsInstalled = new LongAdder();
    public final TransferCounters transfers = new TransferCounters();

    /** How long the log's writes took on average since it was asked last; -1 if there were none. For one caller. */
    public LongSupplier averageSyncNanos() {
        return new LongSupplier() {
            private long nanosBefore;
            private long countBefore;

            @Override
            public long getAsLong() {
                long nanos = syncNanos.sum();
                long count = syncs.sum();
                long average = count == countBefore ? -1 : (nanos - nanosBefore) / (count - countBefore);
                nanosBefore = nanos;
                countBefore = count;
                return average;
            }
        };
    }

    public HostStats snapshot(DiskPace disk) {
        return new HostStats(
                disk,
                syncs.sum(),
                syncNanos.sum(),
                batches.sum(),
                entries.sum(),
                entryBytes.sum(),
                framesIn.sum(),
                messagesIn.sum(),
                framesOut.sum(),
                messagesOut.sum(),
                dropped.sum(),
                unknownGroup.sum(),
                elections.sum(),
                proposals.sum(),
                reads.sum(),
                leasedReads.sum(),
                busy.sum(),
                heldBack.sum(),
                haltedGroups.sum(),
                basesMoved.sum(),
                snapshotsSent.sum(),
                transfers.bytesOut.sum(),
                transfers.received.sum(),
                transfers.bytesIn.sum(),
                snapshotsInstalled.sum());
    }
}
