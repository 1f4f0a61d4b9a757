package io.flotilla.kv.move.copy;

/** The room on the file system of a node's data, as a port. Several nodes may share it. Any lane; may look at the disk. */
public interface DiskSpace {
    /** Bytes that are free for this process. */
    long freeBytes();

    /** Bytes that the file system has in all. */
    long totalBytes();
}
