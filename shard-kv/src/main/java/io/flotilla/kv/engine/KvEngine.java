package io.flotilla.kv.engine;

/** The ordered store under all data groups of a node. */
public interface KvEngine extends AutoCloseable {
    /** Flushes and closes. */
    @Override
    void close();
}
