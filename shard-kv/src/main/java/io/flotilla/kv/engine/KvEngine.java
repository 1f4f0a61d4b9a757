package io.flotilla.kv.engine;

/**
 * The ordered store under all data groups of a node: keys and values are bytes, keys are ordered as unsigned bytes.
 *
 * <p>It has no log of its own. After a crash it holds the effect of all batches up to some point in the order in which
 * they were written, at least up to {@link #durableSequence()}, and of none after it. A batch is never held in part.
 * Whoever needs the rest writes it again: the Raft log knows it.
 *
 * <p>Thread-safe unless the implementation says otherwise. Nobody writes to an array that was handed in or out. No call
 * after {@link #close}.
 *
 * <p>Any failure throws {@link EngineException} and is final for writes: after one failed write or flush every later
 * one fails too.
 */
public interface KvEngine extends AutoCloseable {
    /** The value of a key, or null. Sees every batch whose {@link #write} returned. */
    byte[] get(byte[] key);

    /**
     * Opens a cursor over the keys in {@code [from, to)}, ascending. It sees the engine as it is now, whatever is
     * written while it is open. Close it soon: it holds back the reclaiming of space.
     *
     * @param to exclusive; null means no upper bound
     */
    EngineCursor ascending(byte[] from, byte[] to);

    /** As {@link #ascending}, from the last key below {@code to} down to {@code from}. */
    EngineCursor descending(byte[] from, byte[] to);

    /**
     * Writes a batch: all of it or, after a crash, nothing. Not durable yet. An empty batch does nothing.
     *
     * @return a number that grows with the batches written: this batch survives a crash once {@link #durableSequence()}
     *     has reached it
     */
    long write(EngineBatch batch);

    /** Makes everything written before the call durable. Blocks. */
    void flush();

    /** Everything written up to this number survives a crash. Never falls while the engine is open. Cheap. */
    long durableSequence();

    /** Flushes, if no write has failed, and closes. */
    @Override
    void close();
}
