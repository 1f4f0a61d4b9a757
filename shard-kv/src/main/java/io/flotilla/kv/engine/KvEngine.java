package io.flotilla.kv.engine;

import java.util.List;

/**
 * The ordered store under all data groups of a node: keys and values are bytes, keys are ordered as unsigned bytes.
 *
 * <p>It has no log of its own. After a crash it holds the effect of all batches up to some point in the order in which
 * they were written, at least up to {@link #durableSequence()}, and of none after it. A batch is never held in part.
 * Whoever needs the rest writes it again: the Raft log knows it. Ingested rows are apart from that order: they are
 * durable when {@link #ingest} returns, even where batches written before are lost.
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
     * As {@link #ascending(byte[], byte[])}, for those who must not wait long: the cursor is cut after about so many steps, over rows and
     * over what is left of rows that were deleted.
     *
     * @param maxSteps at least 100, so that a cursor opened from {@link EngineCursor#rest} on gets on
     */
    EngineCursor ascending(byte[] from, byte[] to, int maxSteps);

    /** The same, descending. */
    EngineCursor descending(byte[] from, byte[] to, int maxSteps);

    /**
     * Writes a batch: all of it or, after a crash, nothing. Not durable yet. An empty batch does nothing.
     *
     * @return a number that grows with the batches written: this batch survives a crash once {@link #durableSequence()}
     *     has reached it
     */
    long write(EngineBatch batch);

    /** The engine as it is now, to be read while it changes. Cheap. */
    EngineView view();

    /**
     * A view of the engine as it is now that lasts: {@link #keptView} opens it again by its name, after a restart too, until {@link
     * #forgetView}. Makes everything written before durable. Blocks.
     *
     * @param name letters, digits and {@code -}; not in use
     */
    EngineView keepView(String name);

    /** Opens a view that lasts. Null if there is none of this name. */
    EngineView keptView(String name);

    /** The names of the views that last, sorted. */
    List<String> keptViews();

    /** Deletes a view that lasts, once it is closed; does nothing if there is none of this name. */
    void forgetView(String name);

    /** Roughly the bytes that the rows in {@code [from, to)} take; of those not flushed yet perhaps a fraction. Cheap. */
    long approximateBytes(byte[] from, byte[] to);

    /** A place to store rows outside the way of writes, for {@link #ingest}. Cheap. */
    EngineImport newImport();

    /**
     * Takes in the rows of a finished import: visible together, and durable on return; after a crash before that, all or
     * none of them. They overrule what was written before under their keys, and later writes overrule them. Blocks; where
     * a written batch that is not durable yet touches keys between those of the import, it becomes durable first.
     */
    void ingest(EngineImport finished);

    /** Makes everything written before the call durable. Blocks. */
    void flush();

    /**
     * Begins to make durable what was written; {@link #durableSequence()} tells when it is. Does nothing if everything is
     * durable, or if such work is under way. Returns at once; a failure shows at the next write.
     */
    void flushSoon();

    /**
     * Gives the disk's space back that rows in {@code [from, to)} took, where a durable batch has deleted all of them and nobody writes
     * there any more. Takes effect at once, whatever a crash leaves of other writes, and for all readers but the cursors that are open: a
     * view may miss the rows from now on. Blocks for the deletion of files; what is left over is reclaimed later.
     */
    void deleteFiles(byte[] from, byte[] to);

    /** Everything written up to this number survives a crash. Never falls while the engine is open. Cheap. */
    long durableSequence();

    /** What and where it is, for messages: with its directory if it has one. */
    String describe();

    /** Flushes, if no write has failed, and closes. */
    @Override
    void close();
}
