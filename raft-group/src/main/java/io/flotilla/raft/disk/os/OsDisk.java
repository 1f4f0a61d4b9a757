package io.flotilla.raft.disk.os;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The operating system's files below one directory, its owner's alone. Thread-safe as the port asks. The threads that use it must not be
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
        Path file = resolve(path);
        try {
            return new OsFile(
                    file,
                    OwnerOnly.open(
                            file,
                            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)));
        } catch (IOException e) {
            throw named("open", file, e);
        }
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
        } catch (IOException e) {
            throw named("list", path, e);
        } catch (UncheckedIOException e) {
            throw named("list", path, e.getCause());
        }
    }

    @Override
    public void createDirectories(String directory) throws IOException {
        Path path = resolve(directory);
        try {
            OwnerOnly.createDirectories(path);
        } catch (IOException e) {
            throw named("make the directory", path, e);
        }
    }

    @Override
    public void delete(String path) throws IOException {
        Path file = resolve(path);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw named("delete", file, e);
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Path target = resolve(to);
        try {
            Files.move(resolve(from), target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw named("rename " + from + " to", target, e);
        }
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        Path path = resolve(directory);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw named("sync", path, e);
        }
    }

    /** What the system says, with what was done to which file: its own words often name neither. */
    private static IOException named(String what, Path path, IOException e) {
        String reason = e instanceof FileSystemException named ? named.getReason() : e.getMessage();
        return new IOException(
                "can't " + what + " " + path + ": "
                        + (reason == null ? e.getClass().getSimpleName() : reason),
                e);
    }

    @Override
    public String describe(String path) {
        return resolve(path).toString();
    }

    private Path resolve(String path) {
        return path.isEmpty() ? root : root.resolve(path);
    }

    private static final class OsFile implements DiskFile {
        private final Path path;
        private final FileChannel channel;

        OsFile(Path path, FileChannel channel) {
            this.path = path;
            this.channel = channel;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int sum = 0;
            try {
                while (target.hasRemaining()) {
                    int n = channel.read(target, position + sum);
                    if (n < 0) {
                        break;
                    }
                    sum += n;
                }
            } catch (IOException e) {
                throw named("read", path, e);
            }
            return sum;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            try {
                while (source.hasRemaining()) {
                    position += channel.write(source, position);
                }
            } catch (IOException e) {
                throw named("write", path, e);
            }
        }

        @Override
        public void force() throws IOException {
            try {
                channel.force(false);
            } catch (IOException e) {
                throw named("sync", path, e);
            }
        }

        @Override
        public long size() throws IOException {
            try {
                return channel.size();
            } catch (IOException e) {
                throw named("look at", path, e);
            }
        }

        /** Extends by writing the zeros out: space that is only reserved would make later syncs as dear as growing. */
        @Override
        public void setSize(long size) throws IOException {
            long position = size();
            try {
                if (size < position) {
                    channel.truncate(size);
                    return;
                }
            } catch (IOException e) {
                throw named("shorten", path, e);
            }
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZEROS, size - position));
            while (position < size) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), size - position));
                int length = zeros.remaining();
                write(zeros, position);
                position += length;
            }
        }

        @Override
        public void close() throws IOException {
            try {
                channel.close();
            } catch (IOException e) {
                throw named("close", path, e);
            }
        }
    }
}
