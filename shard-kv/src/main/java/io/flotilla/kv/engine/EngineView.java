package io.flotilla.kv.engine;

/**
 * The engine as it was at one moment, for as long as the view is open: reads that take long, beside all writes. It holds
 * back the reclaiming of space. Taken on one lane; then read and closed on one other.
 */
public interface EngineView extends AutoCloseable {
    /** As {@link KvEngine#ascending}. The cursor is closed before the view is. */
    EngineCursor ascending(byte[] from, byte[] to);

    /** Before the engine is closed. May be called again. */
    @Override
    void close();
}
