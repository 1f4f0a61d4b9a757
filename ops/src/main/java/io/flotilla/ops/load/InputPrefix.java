package io.flotilla.ops.load;

/**
 * The leading lines of an input, and what tells them from those of another one.
 *
 * @param bytes of these lines with a line feed after each, also after a last one that has none; negative if not known, and
 *     then the checksum means nothing
 * @param checksum the CRC-32C of these bytes
 */
record InputPrefix(long lines, long bytes, int checksum) {
    static final InputPrefix NONE = new InputPrefix(0, 0, 0);

    /** So many lines of an input that is not known. */
    static InputPrefix ofUnknown(long lines) {
        return new InputPrefix(lines, -1, 0);
    }

    boolean isKnown() {
        return bytes >= 0;
    }
}
