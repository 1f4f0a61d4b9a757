package io.flotilla.ops.load;

/**
 * One row to write.
 *
 * @param line the number of its line in the input, from 1
 */
record LoadRow(long line, byte[] key, byte[] value) {
    int bytes() {
        return key.length + value.length;
    }
}
