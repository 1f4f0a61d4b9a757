package io.flotilla.ops.load;

/** Is told now and then how far a load is. */
public interface LoadProgress extends AutoCloseable {
    /** Tells nobody. */
    LoadProgress NONE = (rows, bytes) -> {};

    /**
     * @param rows rows acknowledged
     * @param bytes bytes of the input read
     */
    void update(long rows, long bytes);

    @Override
    default void close() {}
}
