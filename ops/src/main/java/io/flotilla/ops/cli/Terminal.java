package io.flotilla.ops.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Where a verb reads and writes: results as bytes on {@code out} (buffered, flushed at the verb's end), messages as UTF-8
 * lines on {@code err}. Used by one thread.
 *
 * @param errIsTerminal whether somebody watches {@code err}, so that a progress bar makes sense
 * @param environment the process's environment variables
 * @param drain waits so many milliseconds at most until what was written is out
 */
public record Terminal(
        InputStream in,
        OutputStream out,
        PrintStream err,
        boolean errIsTerminal,
        Map<String, String> environment,
        LongConsumer drain) {
    private static final int BUFFER = 64 * 1024;

    /** One that needs no draining. */
    public Terminal(
            InputStream in, OutputStream out, PrintStream err, boolean errIsTerminal, Map<String, String> environment) {
        this(in, out, err, errIsTerminal, environment, millis -> {});
    }

    /**
     * For a server: nothing that it says makes it wait or fail, whoever reads. What libraries print goes the same way. May be called
     * once in a process.
     */
    public static Terminal ofServer() {
        BackgroundOutput out = new BackgroundOutput("stdout", descriptor("flotilla.stdout", FileDescriptor.out));
        BackgroundOutput toErr = new BackgroundOutput("stderr", descriptor("flotilla.stderr", FileDescriptor.err));
        PrintStream err = new PrintStream(toErr, true, StandardCharsets.UTF_8);
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(err);
        return new Terminal(InputStream.nullInputStream(), out, err, false, System.getenv(), millis -> {
            out.drain(millis);
            toErr.drain(millis);
        });
    }

    /** Whatever Java itself writes to its standard descriptors: the launcher keeps those apart, and tells the number of the true one. */
    private static OutputStream descriptor(String property, FileDescriptor otherwise) {
        Integer number = Integer.getInteger(property);
        if (number == null) {
            return new FileOutputStream(otherwise);
        }
        try {
            Constructor<FileDescriptor> of = FileDescriptor.class.getDeclaredConstructor(int.class);
            of.setAccessible(true);
            return new FileOutputStream(of.newInstance(number));
        } catch (ReflectiveOperationException | RuntimeException otherJava) {
            return new FileOutputStream(otherwise);
        }
    }

    /** The process's own streams. */
    public static Terminal ofProcess() {
        return new Terminal(
                new FileInputStream(FileDescriptor.in),
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Boolean.getBoolean("flotilla.stderr.terminal"),
                System.getenv());
    }
}
