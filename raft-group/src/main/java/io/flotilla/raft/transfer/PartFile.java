package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.TransferId;
import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The parts of one transfer in one file, one after the other. Belongs to the transfer lane.
 *
 * <pre>
 * header  magic, version (4 bytes each), length of the rest of it, CRC32C of that rest,
 *         length of the id (2), id, length of the sender's name (2), name
 * part    CRC32C of the rest, number (8), 1 if it is the last (1), length of the position (4), length of the bytes (4),
 *         position after it, bytes
 * </pre>
 *
 * <p>What does not pass its checksum was not durable yet when the last run ended: the file ends before it, and the transfer goes on from
 * there. Nothing is lost by that which the sender does not give again.
 */
final class PartFile implements TransferStore {
    private static final int MAGIC = 0x46545031;
    private static final int VERSION = 1;
    private static final int FIXED_HEADER = 16;
    private static final int PART_HEAD = 21;

    private final Disk disk;
    private final String path;
    private final DiskFile file;
    private final TransferId id;
    private final NodeId from;
    private final long begin;

    private long end;
    private long next;
    private byte[] position = new byte[0];
    private boolean whole;
    private boolean open = true;

    private PartFile(Disk disk, String path, DiskFile file, TransferId id, NodeId from, long begin) {
        this.disk = disk;
        this.path = path;
        this.file = file;
        this.id = id;
        this.from = from;
        this.begin = begin;
        this.end = begin;
    }

    /** A new file; durable on return, with its name. */
    static PartFile create(Disk disk, String directory, String name, TransferId id, NodeId from) throws IOException {
        byte[] idBytes = id.bytes();
        byte[] fromBytes = from.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer rest = ByteBuffer.allocate(4 + idBytes.length + fromBytes.length)
                .putShort((short) idBytes.length)
                .put(idBytes)
                .putShort((short) fromBytes.length)
                .put(fromBytes);
        ByteBuffer header = ByteBuffer.allocate(FIXED_HEADER + rest.capacity())
                .putInt(MAGIC)
                .putInt(VERSION)
                .putInt(rest.capacity())
                .putInt(checksum(rest.array(), 0, rest.capacity()))
                .put(rest.array())
                .flip();
        String path = directory + "/" + name;
        DiskFile file = disk.open(path);
        try {
            file.write(header, 0);
            force(file);
            try {
                disk.forceDirectory(directory);
            } catch (IOException e) {
                throw notSynced(e);
            }
        } catch (IOException | RuntimeException e) {
            file.close();
            disk.delete(path);
            throw e;
        }
        return new PartFile(disk, path, file, id, from, header.capacity());
    }

    /**
     * Opens what an earlier run left.
     *
     * @return null if it left nothing of use; the file is deleted then
     * @throws IOException if the file has a format that this version does not know
     */
    static PartFile recover(Disk disk, String directory, String name) throws IOException {
        String path = directory + "/" + name;
        DiskFile file = disk.open(path);
        PartFile found = null;
        try {
            found = header(disk, path, file);
        } finally {
            if (found == null) {
                file.close();
            }
        }
        if (found == null) {
            disk.delete(path);
            return null;
        }
        found.scan();
        return found;
    }

    private static PartFile header(Disk disk, String path, DiskFile file) throws IOException {
        ByteBuffer fixed = readAt(file, 0, FIXED_HEADER);
        if (fixed == null || fixed.getInt(0) != MAGIC) {
            return null;
        }
        if (fixed.getInt(4) != VERSION) {
            throw new IOException("the file " + disk.describe(path) + " has the format " + fixed.getInt(4)
                    + ", but this version knows " + VERSION
                    + " only: start the node with the version that wrote it, or delete the file, which costs only the"
                    + " time to fetch its content again");
        }
        int length = fixed.getInt(8);
        ByteBuffer rest = length < 4 || length > 4 + 2 * Short.MAX_VALUE ? null : readAt(file, FIXED_HEADER, length);
        if (rest == null || checksum(rest.array(), 0, length) != fixed.getInt(12)) {
            return null;
        }
        byte[] id = new byte[rest.getShort()];
        rest.get(id);
        byte[] from = new byte[rest.getShort()];
        rest.get(from);
        return new PartFile(
                disk,
                path,
                file,
                TransferId.of(id),
                new NodeId(new String(from, StandardCharsets.UTF_8)),
                FIXED_HEADER + length);
    }

    /** Null if the file has not so many bytes there. */
    private static ByteBuffer readAt(DiskFile file, long at, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        return file.read(buffer, at) == length ? buffer.flip() : null;
    }

    private static int checksum(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    private void scan() throws IOException {
        BulkMessage.Part part = partAt(end, next);
        while (part != null) {
            added(part);
            part = whole ? null : partAt(end, next);
        }
        file.setSize(end);
    }

    /** Null if there is no intact part of that number there. */
    private BulkMessage.Part partAt(long at, long number) throws IOException {
        ByteBuffer head = readAt(file, at, PART_HEAD);
        if (head == null || head.getLong(4) != number) {
            return null;
        }
        int afterLength = head.getInt(13);
        int length = head.getInt(17);
        if (afterLength < 0
                || afterLength > BulkMessage.MAX_POSITION_BYTES
                || length < 0
                || length > BulkCodec.MAX_PART_BYTES) {
            return null;
        }
        ByteBuffer body = readAt(file, at + PART_HEAD, afterLength + length);
        if (body == null) {
            return null;
        }
        CRC32C crc = new CRC32C();
        crc.update(head.array(), 4, PART_HEAD - 4);
        crc.update(body.array());
        if ((int) crc.getValue() != head.getInt(0)) {
            return null;
        }
        byte[] after = new byte[afterLength];
        body.get(after);
        byte[] bytes = new byte[length];
        body.get(bytes);
        return new BulkMessage.Part(id, number, head.get(12) == 1, after, bytes);
    }

    private void added(BulkMessage.Part part) {
        end += PART_HEAD + part.after().length + part.bytes().length;
        next = part.number() + 1;
        position = part.isLast() ? position : part.after();
        whole = part.isLast();
    }

    TransferId id() {
        return id;
    }

    NodeId from() {
        return from;
    }

    @Override
    public long next() {
        return next;
    }

    @Override
    public byte[] position() {
        return position;
    }

    @Override
    public boolean isWhole() {
        return whole;
    }

    @Override
    public void append(BulkMessage.Part part) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(PART_HEAD + part.after().length + part.bytes().length)
                .putInt(0)
                .putLong(part.number())
                .put((byte) (part.isLast() ? 1 : 0))
                .putInt(part.after().length)
                .putInt(part.bytes().length)
                .put(part.after())
                .put(part.bytes())
                .flip();
        record.putInt(0, checksum(record.array(), 4, record.capacity() - 4));
        file.write(record, end);
        added(part);
    }

    @Override
    public void force() throws IOException {
        force(file);
    }

    private static void force(DiskFile file) throws IOException {
        try {
            file.force();
        } catch (IOException e) {
            throw notSynced(e);
        }
    }

    private static IOException notSynced(IOException cause) {
        return (IOException) new SyncFailedException(cause.getMessage()).initCause(cause);
    }

    @Override
    public Reader read() {
        return new Reader() {
            private long at = begin;
            private long number;

            @Override
            public byte[] next() throws IOException {
                if (number == next) {
                    return null;
                }
                BulkMessage.Part part = partAt(at, number);
                if (part == null) {
                    throw new IOException("part " + number + " in the file " + disk.describe(path)
                            + " is damaged: the disk or somebody else changed it");
                }
                at += PART_HEAD + part.after().length + part.bytes().length;
                number++;
                return part.bytes();
            }
        };
    }

    /** The name's end is not made durable: a file that comes back is looked at and deleted again by the next run. */
    @Override
    public void delete() throws IOException {
        try {
            close();
        } finally {
            disk.delete(path);
        }
    }

    @Override
    public void close() throws IOException {
        if (open) {
            open = false;
            file.close();
        }
    }
}
