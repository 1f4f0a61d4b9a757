package io.flotilla.ops.load;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file whose first line is the number of leading input lines whose writes are all acknowledged. It is replaced as a whole
 * (written beside, synced, renamed), so a reader finds the old number or the new one. Thread-safe.
 */
public final class Checkpoint {
    private final Path file;
    private long written;

    private Checkpoint(Path file, long written) {
        this.file = file;
        this.written = written;
    }

    /**
     * Opens the checkpoint; a file that does not exist yet stands for 0.
     *
     * @throws CliException (refused) if the file holds something else
     */
    public static Checkpoint open(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            int end = text.indexOf('\n');
            String first = (end < 0 ? text : text.substring(0, end)).strip();
            boolean number =
                    !first.isEmpty() && first.length() <= 18 && first.chars().allMatch(c -> c >= '0' && c <= '9');
            if (!number) {
                throw CliException.refused(
                        "checkpoint: " + file
                                + " does not begin with a number of lines; name another file, or delete it to load from the start");
            }
            return new Checkpoint(file, Long.parseLong(first));
        } catch (NoSuchFileException none) {
            return create(file);
        } catch (IOException unreadable) {
            throw CliException.refused("checkpoint: " + file + " cannot be read: " + unreadable
                    + "; name a file that this user can read and write");
        }
    }

    private static Checkpoint create(Path file) {
        Checkpoint fresh = new Checkpoint(file, 0);
        try {
            fresh.replace(0);
        } catch (IOException failed) {
            throw CliException.refused("checkpoint: " + file + " cannot be written: " + failed
                    + "; name a file in a folder that exists and that this user can write");
        }
        return fresh;
    }

    /** How many leading lines are done, as last written or found. */
    public synchronized long lines() {
        return written;
    }

    /**
     * Makes the file say so; nothing happens if it says so already.
     *
     * @throws CliException (exit code 5) if the file cannot be written
     */
    public synchronized void write(long lines) {
        if (lines == written) {
            return;
        }
        try {
            replace(lines);
        } catch (IOException failed) {
            throw new CliException(
                    ExitCode.BROKEN,
                    "checkpoint: " + file + " cannot be written: " + failed + "; free space or name another file",
                    failed);
        }
        written = lines;
    }

    private void replace(long lines) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer text = ByteBuffer.wrap((lines + "\n").getBytes(StandardCharsets.US_ASCII));
            while (text.hasRemaining()) {
                channel.write(text);
            }
            channel.force(false);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
