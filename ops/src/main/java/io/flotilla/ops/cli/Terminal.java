package io.flotilla.ops.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a verb reads and writes: results as bytes on {@code out} (buffered, flushed at the verb's end), messages as UTF-8
 * lines on {@code err}. Used by one thread.
 *
 * @param errIsTerminal whether somebody watches {@code err}, so that a progress bar makes sense
 * @param environment the process's environment variables
 */
public record Terminal(
        InputStream in, OutputStream out, PrintStream err, boolean errIsTerminal, Map<String, String> environment) {
    private static final int BUFFER = 64 * 1024;

    /** The process's own streams. */
    public static Terminal ofProcess() {
        return new Terminal(
                new StandardInput(),
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Boolean.getBoolean("flotilla.stderr.terminal"),
                System.getenv());
    }
}
