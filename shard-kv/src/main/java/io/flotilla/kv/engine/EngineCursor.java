package io.flotilla.kv.engine;

/** Walks over rows in one direction. Starts before the first one. Used by one lane. */
public interface EngineCursor extends AutoCloseable {
    /** Steps to the next row; false if there is none, and from then on. */
    boolean next();

    /** The present row's key. Only after {@link #next} returned true. */
    byte[] key();

    /** The present row's value. Only after {@link #next} returned true. */
    byte[] value();

    /** May be called again. */
    @Override
    void close();
}
