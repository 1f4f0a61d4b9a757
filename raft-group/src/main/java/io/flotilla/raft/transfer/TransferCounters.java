package io.flotilla.raft.transfer;

import java.util.concurrent.atomic.LongAdder;

/** What transfers moved since the start. Thread-safe. */
public final class TransferCounters {
    /** Bytes of parts sent, those sent again included. */
    public final LongAdder bytesOut = new LongAdder();

    /** Bytes of parts that arrived and were wanted. */
    public final LongAdder bytesIn = new LongAdder();

    /** Transfers whose parts are all here. */
    public final LongAdder received = new LongAdder();
}
