package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A disk that counts the forces that came back: a slow disk goes on, one that hangs does not. Thread-safe as the disk is. */
final class ForceCounter implements Disk {
    private final Disk disk;
    private final AtomicLong forces = new AtomicLong();

    ForceCounter(Disk disk) {
        this.disk = disk;
    }

    long forces() {
        return forces.get();
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return new CountedFile(disk.open(path));
    }

    @Override
    public boolean exists(String path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public void createDirectories(String directory) throws IOException {
        disk.createDirectories(directory);
    }

    @Override
    public void delete(String path) throws IOException {
        disk.delete(path);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        disk.forceDirectory(directory);
        forces.incrementAndGet();
    }

    @Override
    public String describe(String path) {
        return disk.describe(path);
    }

    private final class CountedFile implements DiskFile {
        private final DiskFile file;

        CountedFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            file.write(source, position);
        }

        @Override
        public void force() throws IOException {
            file.force();
            forces.incrementAndGet();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void setSize(long size) throws IOException {
            file.setSize(size);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
