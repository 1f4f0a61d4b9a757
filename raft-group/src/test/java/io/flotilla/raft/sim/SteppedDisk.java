package io.flotilla.raft.sim;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Calls a hook before each call that changes something, so that a test can stop in front of each. */
public record SteppedDisk(Disk disk, Runnable step) implements Disk {
    private interface Call {
        void run() throws IOException;
    }

    private void change(Call call) throws IOException {
        step.run();
        call.run();
    }

    @Override
    public DiskFile open(String path) throws IOException {
        step.run();
        return new SteppedFile(disk.open(path));
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
        change(() -> disk.createDirectories(directory));
    }

    @Override
    public void delete(String path) throws IOException {
        change(() -> disk.delete(path));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change(() -> disk.rename(from, to));
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        change(() -> disk.forceDirectory(directory));
    }

    @Override
    public String describe(String path) {
        return disk.describe(path);
    }

    private final class SteppedFile implements DiskFile {
        private final DiskFile file;

        SteppedFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            change(() -> file.write(source, position));
        }

        @Override
        public void force() throws IOException {
            change(file::force);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void setSize(long size) throws IOException {
            change(() -> file.setSize(size));
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
