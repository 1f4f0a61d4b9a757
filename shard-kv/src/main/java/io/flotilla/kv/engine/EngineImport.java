package io.flotilla.kv.engine;

/**
 * Rows that are stored beside the engine, outside the way of its writes, until {@link KvEngine#ingest} takes all of them
 * in at once. Until then no reader sees them, and a crash or {@link #close} leaves nothing of them. Belongs to one lane
 * at a time. A failure throws {@link EngineException}; the import is then good for {@link #close} alone.
 */
public interface EngineImport extends AutoCloseable {
    /**
     * Adds a row. Blocks for no longer than storing so much takes.
     *
     * @throws IllegalArgumentException if the key is not above the one before
     */
    void put(byte[] key, byte[] value);

    /**
     * Between the key before and the next one there may be keys of others. Whoever says so where it is true spares the
     * engine, when it ingests, a search for rows that overlap.
     */
    void cut();

    /** All rows are there, and on the disk. After it only {@link KvEngine#ingest} and {@link #close}. */
    void finish();

    /** Deletes what was not ingested. Before the engine is closed. May be called again. */
    @Override
    void close();
}
