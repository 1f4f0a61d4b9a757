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
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file whose first line is the number of leading input lines whose writes are all acknowledged, and whose second line tells
 * by length and checksum which lines these are: {@code input bytes=1234 crc32c=0a1b2c3d}. A second line that does not begin
 * with {@code input} tells nothing, as if there were none. The file is replaced as a whole (written beside, synced, renamed), so a
 * reader finds the old number or the new one. Thread-safe.
 */
public final class Checkpoint {
    private static final String INPUT = "input ";
    private static final Pattern INPUT_LINE = Pattern.compile("input bytes=([0-9]{1,18}) crc32c=([0-9a-f]{8})");

    private final Path file;
    private InputPrefix written;

    private Checkpoint(Path file, InputPrefix written) {
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
            List<String> text =
                    Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
            String first = text.isEmpty() ? "" : text.get(0).strip();
            boolean number =
                    !first.isEmpty() && first.length() <= 18 && first.chars().allMatch(c -> c >= '0' && c <= '9');
            if (!number) {
                throw CliException.refused(
                        "checkpoint: " + file
                                + " does not begin with a number of lines; name another file, or delete it to load from the start");
            }
            return new Checkpoint(
                    file,
                    prefix(
                            file,
                            Long.parseLong(first),
                            text.size() < 2 ? "" : text.get(1).strip()));
        } catch (NoSuchFileException none) {
            return create(file);
        } catch (IOException unreadable) {
            throw CliException.refused("checkpoint: " + file + " cannot be read: " + unreadable
                    + "; name a file that this user can read and write");
        }
    }

    private static InputPrefix prefix(Path file, long lines, String input) {
        if (!input.startsWith(INPUT)) {
            return InputPrefix.ofUnknown(lines);
        }
        Matcher told = INPUT_LINE.matcher(input);
        if (!told.matches()) {
            throw CliException.refused("checkpoint: the second line of " + file
                    + " should tell the length and checksum of the lines done, but is not understood; name another file, or"
                    + " delete it to load from the start");
        }
        return new InputPrefix(lines, Long.parseLong(told.group(1)), Integer.parseUnsignedInt(told.group(2), 16));
    }

    private static Checkpoint create(Path file) {
        Checkpoint fresh = new Checkpoint(file, InputPrefix.NONE);
        try {
            fresh.replace(InputPrefix.NONE);
        } catch (IOException failed) {
            throw CliException.refused("checkpoint: " + file + " cannot be written: " + failed
                    + "; name a file in a folder that exists and that this user can write");
        }
        return fresh;
    }

    /** Which leading lines are done, as last written or found. */
    synchronized InputPrefix done() {
        return written;
    }

    /**
     * Makes the file say that these lines are done; nothing happens if it says so already.
     *
     * @throws CliException (exit code 5) if the file cannot be written
     */
    synchronized void write(InputPrefix done) {
        if (done.lines() == written.lines()) {
            return;
        }
        try {
            replace(done);
        } catch (IOException failed) {
            throw new CliException(
                    ExitCode.BROKEN,
                    "checkpoint: " + file + " cannot be written: " + failed + "; free space or name another file",
                    failed);
        }
        written = done;
    }

    private void replace(InputPrefix done) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            String input = String.format("%sbytes=%d crc32c=%08x", INPUT, done.bytes(), done.checksum());
            ByteBuffer text = ByteBuffer.wrap((done.lines() + "\n" + input + "\n").getBytes(StandardCharsets.US_ASCII));
            while (text.hasRemaining()) {
                channel.write(text);
            }
            channel.force(false);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
