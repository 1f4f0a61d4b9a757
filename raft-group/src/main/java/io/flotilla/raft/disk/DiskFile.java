package io.flotilla.raft.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. Reads may come from several lanes at once; writes, force and truncate from one. */
public interface DiskFile extends AutoCloseable {
    /** Reads at {@code position} until the buffer is full or the file ends; returns the bytes read, 0 at the end. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes all remaining bytes at {@code position}, growing the file if needed. Durable only after {@link #force}. */
    void write(ByteBuffer source, long position) throws IOException;

    /** Returns once everything written to this file is durable ({@code fdatasync}). A failure is final. */
    void force() throws IOException;

    /** In bytes. */
    long size() throws IOException;

    /** Cuts the file to {@code size} bytes, or extends it with zeros (reserving space where the system can). */
    void setSize(long size) throws IOException;

    @Override
    void close() throws IOException;
}
