package io.flotilla.ops.load;

import java.util.zip.CRC32C;

/** Adds up the lines of an input as they are read. Used by one thread. */
final class InputSum {
    private final CRC32C checksum = new CRC32C();
    private long lines;
    private long bytes;

    /** @param line without its line feed */
    void add(byte[] line) {
        checksum.update(line);
        checksum.update('\n');
        bytes += line.length + 1;
        lines++;
    }

    /** All lines until now. */
    InputPrefix prefix() {
        return new InputPrefix(lines, bytes, (int) checksum.getValue());
    }
}
