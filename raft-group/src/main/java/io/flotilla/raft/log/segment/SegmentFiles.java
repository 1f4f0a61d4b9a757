package io.flotilla.raft.log.segment;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The open segment files: those in use, and the recently used up to a limit. Any lane; guarded by this object's
 * monitor, which is held for opening and closing a file but never for reading or writing one.
 */
final class SegmentFiles implements AutoCloseable {
    private final Disk disk;
    private final String directory;
    private final int limit;
    private final LinkedHashMap<Integer, Handle> handles = new LinkedHashMap<>(16, 0.75f, true);
    /** Segments before it were dropped: their names and files belong to nobody, or to somebody else. */
    private int first = 1;

    private boolean closed;

    SegmentFiles(Disk disk, String directory, int limit) {
        this.disk = disk;
        this.directory = directory;
        this.limit = limit;
    }

    /** A claim on an open file; it stays open until as many {@link #release} calls as {@link #acquire} calls. */
    static final class Handle {
        private final int segment;
        private final DiskFile file;
        private int users;

        private Handle(int segment, DiskFile file) {
            this.segment = segment;
            this.file = file;
        }

        DiskFile file() {
            return file;
        }
    }

    String path(int segment) {
        return directory + "/" + SegmentFormat.fileName(segment);
    }

    /** Null if the segment was dropped. */
    synchronized Handle acquire(int segment) throws IOException {
        if (closed) {
            throw new IOException("the log was closed");
        }
        if (segment < first) {
            return null;
        }
        Handle handle = handles.get(segment);
        if (handle == null) {
            handle = new Handle(segment, disk.open(path(segment)));
            handles.put(segment, handle);
        }
        handle.users++;
        closeIdle();
        return handle;
    }

    synchronized void release(Handle handle) throws IOException {
        handle.users--;
        if (handle.segment < first && handle.users == 0) {
            handle.file.close();
        }
        closeIdle();
    }

    /**
     * Segments before this one were dropped: none of them is opened any more. Whoever still reads one must ask {@link
     * #isDropped} afterwards, since from here on its file may become another segment's.
     */
    synchronized void dropBefore(int segment) throws IOException {
        first = segment;
        Iterator<Handle> all = handles.values().iterator();
        while (all.hasNext()) {
            Handle handle = all.next();
            if (handle.segment < segment) {
                all.remove();
                if (handle.users == 0) {
                    handle.file.close();
                }
            }
        }
    }

    synchronized boolean isDropped(int segment) {
        return segment < first;
    }

    private void closeIdle() throws IOException {
        Iterator<Map.Entry<Integer, Handle>> eldestFirst = handles.entrySet().iterator();
        for (int excess = handles.size() - limit; excess > 0 && eldestFirst.hasNext(); ) {
            Handle handle = eldestFirst.next().getValue();
            if (handle.users == 0) {
                eldestFirst.remove();
                handle.file.close();
                excess--;
            }
        }
    }

    /** Closes all files, also those in use: calls on them fail from then on. */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        List<Handle> open = new ArrayList<>(handles.values());
        handles.clear();
        IOException failure = null;
        for (Handle handle : open) {
            try {
                handle.file.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
