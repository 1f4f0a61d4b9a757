package io.flotilla.raft.disk.os;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Keeps a second process off a data directory: holds a lock on the file {@code lock} in it until closed or until the
 * process ends in whatever way. Thread-safe. The file stays; it says who held it last.
 */
public final class DirectoryLock implements AutoCloseable {
    private final FileChannel channel;

    private DirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Locks the directory, creating it if needed.
     *
     * @throws DirectoryInUseException if somebody holds it; names the holder if known
     */
    public static DirectoryLock acquire(Path directory) throws IOException {
        OwnerOnly.createDirectories(directory);
        FileChannel channel = OwnerOnly.open(
                directory.resolve("lock"),
                Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
        boolean held = false;
        try {
            if (!tryLock(channel)) {
                throw new DirectoryInUseException("data directory " + directory + " is in use" + holder(channel)
                        + ": stop that process, or give this one a directory of its own");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)),
                    0);
            held = true;
            return new DirectoryLock(channel);
        } finally {
            if (!held) {
                channel.close();
            }
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(20);
        channel.read(buffer, 0);
        String pid = new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
        return pid.isEmpty() ? "" : " by process " + pid;
    }

    /** Gives the directory free. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
