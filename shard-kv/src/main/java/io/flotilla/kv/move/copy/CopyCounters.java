package io.flotilla.kv.move.copy;

import java.util.concurrent.atomic.LongAdder;

/** What copies of shards that move cost and came to, since the start. Thread-safe. */
public final class CopyCounters {
    /** Bytes of parts that were copied within this node. */
    public final LongAdder localBytes = new LongAdder();

    /** Bytes of parts that came over the network. */
    public final LongAdder remoteBytes = new LongAdder();

    /** Bytes of rows and sessions in rounds that were asked within this node. */
    public final LongAdder localRoundBytes = new LongAdder();

    /** Bytes of rows and sessions in rounds that came over the network. */
    public final LongAdder remoteRoundBytes = new LongAdder();

    /** Rounds that were written. */
    public final LongAdder rounds = new LongAdder();

    /** Copies that came to their end: the hold is whole. */
    public final LongAdder copied = new LongAdder();

    /** Copies that were given up, for there was no room. */
    public final LongAdder givenUp = new LongAdder();
}
