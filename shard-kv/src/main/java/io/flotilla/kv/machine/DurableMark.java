package io.flotilla.kv.machine;

/**
 * How far something that grows is durable: of what was written to the engine as far as it has flushed. Two of the writes after that are
 * remembered: an older one, so that a flush is noticed even where writes never end, and the newest. Immutable.
 *
 * @param durable survives a crash
 * @param pending an older one that was not durable when last looked, and the engine's number of it
 * @param newest the one written last, and the engine's number of it
 */
record DurableMark(long durable, long pending, long pendingSequence, long newest, long newestSequence) {
    /** @param newest was written under this number of the engine's, as the only one */
    static DurableMark of(long durable, long newest, long sequence) {
        return new DurableMark(durable, newest, sequence, newest, sequence);
    }

    /** As of the moment when the engine is durable up to this number. */
    DurableMark reached(long sequence) {
        if (sequence >= newestSequence) {
            return durable == newest ? this : new DurableMark(newest, newest, newestSequence, newest, newestSequence);
        }
        return sequence >= pendingSequence
                ? new DurableMark(Math.max(durable, pending), newest, newestSequence, newest, newestSequence)
                : this;
    }

    /** After a further write. To be called on what was {@link #reached} just before it. */
    DurableMark written(long value, long sequence) {
        return durable == newest
                ? of(durable, value, sequence)
                : new DurableMark(durable, pending, pendingSequence, value, sequence);
    }
}
