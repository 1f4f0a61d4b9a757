package io.flotilla.controller;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** Small files in memory; nothing is ever lost. */
public final class MemoryDisk implements Disk {
    private final TreeMap<String, byte[]> files = new TreeMap<>();

    @Override
    public DiskFile open(String path) {
        files.putIfAbsent(path, new byte[0]);
        return new DiskFile() {
            @Override
            public int read(ByteBuffer target, long position) {
                byte[] bytes = files.get(path);
                int length = (int) Math.max(0, Math.min(target.remaining(), bytes.length - position));
                target.put(bytes, (int) position, length);
                return length;
            }

            @Override
            public void write(ByteBuffer source, long position) {
                setSize(Math.max(size(), position + source.remaining()));
                source.get(files.get(path), (int) position, source.remaining());
            }

            @Override
            public void force() {}

            @Override
            public long size() {
                return files.get(path).length;
            }

            @Override
            public void setSize(long size) {
                files.put(path, Arrays.copyOf(files.get(path), (int) size));
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public boolean exists(String path) {
        return files.containsKey(path);
    }

    @Override
    public List<String> list(String directory) {
        return new ArrayList<>(files.keySet());
    }

    @Override
    public void createDirectories(String directory) {}

    @Override
    public void delete(String path) {
        files.remove(path);
    }

    @Override
    public void rename(String from, String to) {
        files.put(to, files.remove(from));
    }

    @Override
    public void forceDirectory(String directory) {}

    @Override
    public String describe(String path) {
        return "memory/" + path;
    }
}
