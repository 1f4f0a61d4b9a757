package io.flotilla.ops.load;

/**
 * One row to write.
 *
 * @param through the input's lines until this one
 */
record LoadRow(InputPrefix through, byte[] key, byte[] value) {
    /** The number of its line in the input, from 1. */
    long line() {
        return through.lines();
    }

    int bytes() {
        return key.length + value.length;
    }
}
