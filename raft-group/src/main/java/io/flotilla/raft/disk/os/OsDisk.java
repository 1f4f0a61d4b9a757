package io.flotilla.raft.disk.os;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The operating system's files below one directory. Thread-safe as the port asks. The threads that use it must not be
 * interrupted: an interrupt closes the file under them.
 */
public final class OsDisk implements Disk {
    private static final int ZEROS = 1 << 20;

    private final Path root;

    /** @param root exists, or is created with {@code createDirectories("")} */
    public OsDisk(Path root) {
        this.root = root;
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return new OsFile(FileChannel.open(
                resolve(path), StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
    }

    @Override
    public boolean exists(String path) {
        return Files.exists(resolve(path));
    }

    @Override
    public List<String> list(String directory) throws IOException {
        Path path = resolve(directory);
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(path)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Override
    public void createDirectories(String directory) throws IOException {
        Files.createDirectories(resolve(directory));
    }

    @Override
    public void delete(String path) throws IOException {
        Files.deleteIfExists(resolve(path));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(resolve(from), resolve(to), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        try (FileChannel channel = FileChannel.open(resolve(directory), StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String describe(String path) {
        return resolve(path).toString();
    }

    private Path resolve(String path) {
        return path.isEmpty() ? root : root.resolve(path);
    }

    private static final class OsFile implements DiskFile {
        private final FileChannel channel;

        OsFile(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int sum = 0;
            while (target.hasRemaining()) {
                int n = channel.read(target, position + sum);
                if (n < 0) {
                    break;
                }
                sum += n;
            }
            return sum;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            while (source.hasRemaining()) {
                position += channel.write(source, position);
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        /** Extends by writing the zeros out: space that is only reserved would make later syncs as dear as growing. */
        @Override
        public void setSize(long size) throws IOException {
            long position = channel.size();
            if (size < position) {
                channel.truncate(size);
                return;
            }
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZEROS, size - position));
            while (position < size) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), size - position));
                position += channel.write(zeros, position);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
