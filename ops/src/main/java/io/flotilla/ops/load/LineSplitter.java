package io.flotilla.ops.load;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines at each line feed; a last line without one counts too. Used by one thread.
 *
 * <p>A line may be as long as the longest row needs in hex inside JSON; a longer one is malformed.
 */
final class LineSplitter {
    /** Twice a value of 1 MiB and a key of 4 KiB in hex, or with each byte escaped in JSON. */
    static final int MAX_LINE = 8 * 1024 * 1024;

    private static final int BUFFER = 256 * 1024;

    private final InputStream in;
    private byte[] buffer = new byte[BUFFER];
    private int from;
    private int to;
    private boolean ended;
    private long bytesRead;

    LineSplitter(InputStream in) {
        this.in = in;
    }

    /**
     * The next line without its line feed, or null at the end.
     *
     * @throws MalformedLineException if the line is longer than {@link #MAX_LINE}
     */
    byte[] next() throws IOException, MalformedLineException {
        int scanned = from;
        while (true) {
            for (int i = scanned; i < to; i++) {
                if (buffer[i] == '\n') {
                    byte[] line = Arrays.copyOfRange(buffer, from, i);
                    from = i + 1;
                    return line;
                }
            }
            scanned = to;
            if (ended) {
                if (from == to) {
                    return null;
                }
                byte[] line = Arrays.copyOfRange(buffer, from, to);
                from = to;
                return line;
            }
            if (to - from > MAX_LINE) {
                throw new MalformedLineException("is longer than " + MAX_LINE + " bytes");
            }
            int moved = makeRoom();
            scanned -= moved;
            int read = in.read(buffer, to, buffer.length - to);
            if (read < 0) {
                ended = true;
            } else {
                to += read;
                bytesRead += read;
            }
        }
    }

    /** How many bytes were taken from the stream. */
    long bytesRead() {
        return bytesRead;
    }

    /** Moves the unfinished line to the front, or grows the buffer; returns how far the line moved. */
    private int makeRoom() {
        if (to < buffer.length) {
            return 0;
        }
        int moved = from;
        byte[] target = from >= buffer.length / 2 ? buffer : new byte[buffer.length * 2];
        System.arraycopy(buffer, from, target, 0, to - from);
        buffer = target;
        to -= from;
        from = 0;
        return moved;
    }
}
