package io.flotilla.raft.disk;

import java.io.IOException;
import java.util.List;

/**
 * The files of one directory tree, as a port: production uses the operating system, the simulator a disk that loses
 * what was not synced. Paths are relative to the root, separated by {@code /}. Calls block; they are made from the lanes
 * that own the files (the log's two, the transfers', the node's, that of a machine which may block), never from a group worker.
 *
 * <p>Durability is explicit: bytes survive a crash once {@link DiskFile#force()} returned; a created, renamed or
 * deleted name survives once {@link #forceDirectory} of its parent returned. A failed force is final: the caller must
 * stop, for the operating system may have dropped the dirty pages.
 */
public interface Disk {
    /** Opens for reading and writing; creates an empty file if there is none. */
    DiskFile open(String path) throws IOException;

    /** Whether there is a file or a directory of this name. */
    boolean exists(String path) throws IOException;

    /** Names (not paths) of the entries of a directory, sorted; empty if the directory does not exist. */
    List<String> list(String directory) throws IOException;

    /** Makes a directory and those above it, where they are missing; {@code ""} is the root. */
    void createDirectories(String directory) throws IOException;

    /** Deletes a file. Deleting an absent file does nothing. */
    void delete(String path) throws IOException;

    /** Renames atomically, replacing the target. */
    void rename(String from, String to) throws IOException;

    /** Makes the names in a directory durable. */
    void forceDirectory(String directory) throws IOException;

    /** A name for messages to people: where the path lies for the operator. */
    String describe(String path);
}
