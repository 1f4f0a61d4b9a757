package io.flotilla.raft.host;

import java.util.concurrent.atomic.LongAdder;

/** What {@link HostStats} shows, as it is counted. Any lane. */
final class HostCounters {
    final LongAdder syncs = new LongAdder();
    final LongAdder batches = new LongAdder();
    final LongAdder entries = new LongAdder();
    final LongAdder entryBytes = new LongAdder();
    final LongAdder framesIn = new LongAdder();
    final LongAdder messagesIn = new LongAdder();
    final LongAdder framesOut = new LongAdder();
    final LongAdder messagesOut = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder unknownGroup = new LongAdder();
    final LongAdder elections = new LongAdder();
    final LongAdder proposals = new LongAdder();
    final LongAdder reads = new LongAdder();
    final LongAdder leasedReads = new LongAdder();
    final LongAdder busy = new LongAdder();
    final LongAdder haltedGroups = new LongAdder();
    final LongAdder basesMoved = new LongAdder();
    final LongAdder snapshotsSent = new LongAdder();
    final LongAdder snapshotBytesOut = new LongAdder();
    final LongAdder snapshotsReceived = new LongAdder();
    final LongAdder snapshotBytesIn = new LongAdder();
    final LongAdder snapshotsInstalled = new LongAdder();

    HostStats snapshot() {
        return new HostStats(
                syncs.sum(),
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
                haltedGroups.sum(),
                basesMoved.sum(),
                snapshotsSent.sum(),
                snapshotBytesOut.sum(),
                snapshotsReceived.sum(),
                snapshotBytesIn.sum(),
                snapshotsInstalled.sum());
    }
}
