package io.flotilla.kv.engine;

/** Walks over rows in one direction. Starts before the first one. Used by one lane. */
public interface EngineCursor extends AutoCloseable {
    /** Steps to the next row; false if there is none, and from then on. */
    boolean next();

    /**
     * Whether {@link #next} returned false because the steps were used up that the cursor was opened with: there may be more rows,
     * from {@link #rest} on.
     */
    default boolean isCut() {
        return false;
    }

    /**
     * Of a cursor that is cut: the first key that an ascending one did not come to; of a descending one, the key below which it did
     * not come.
     */
    default byte[] rest() {
        throw new IllegalStateException("the cursor is not cut");
    }

    /** The present row's key. Only after {@link #next} returned true. */
    byte[] key();

    /** The present row's value. Only after {@link #next} returned true. */
    byte[] value();

    /** May be called again. */
    @Override
    void close();
}
