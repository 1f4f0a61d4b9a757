package io.flotilla.raft.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A small file that is replaced as a whole: after a crash it holds the old content or the new. A line of text with
 * format version, length and checksum stands before the content. Calls block; a file belongs to one lane.
 */
public final class StateFile {
    private static final int MAX_BYTES = 256 << 20;

    private final Disk disk;
    private final String path;
    private final int version;

    /** A file whose content has had one format only. @param path in the root directory */
    public StateFile(Disk disk, String path) {
        this(disk, path, 1);
    }

    /**
     * @param path in the root directory
     * @param version of the content's format, from 1: a file of another one is refused
     */
    public StateFile(Disk disk, String path, int version) {
        this.disk = disk;
        this.path = path;
        this.version = version;
    }

    /** Where the file lies, for people. */
    public String describe() {
        return disk.describe(path);
    }

    /**
     * The content; empty if the file was never written.
     *
     * @throws OtherVersionException if the file has another version
     * @throws StateFileException if the file is damaged
     */
    public Optional<byte[]> read() throws IOException {
        disk.delete(temporary());
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        // the last run may have ended between the rename and its sync: what is acted upon must stay
        disk.forceDirectory("");
        byte[] bytes;
        try (DiskFile file = disk.open(path)) {
            if (file.size() > MAX_BYTES) {
                throw damaged("is far too large");
            }
            ByteBuffer buffer = ByteBuffer.allocate((int) file.size());
            int read = file.read(buffer, 0);
            if (read != buffer.capacity()) {
                throw damaged("could not be read whole");
            }
            bytes = buffer.array();
        }
        int lineEnd = 0;
        while (lineEnd < bytes.length && bytes[lineEnd] != '\n') {
            lineEnd++;
        }
        String[] words = new String(bytes, 0, lineEnd, StandardCharsets.ISO_8859_1).split(" ");
        if (lineEnd == bytes.length
                || words.length != 4
                || !words[0].equals("flotilla")
                || !words[1].matches("v[0-9]+")) {
            throw damaged("has no valid first line");
        }
        if (!words[1].equals("v" + version)) {
            throw new OtherVersionException("the file " + describe() + " has version " + words[1]
                    + ", but this program reads and writes v" + version
                    + ": start the node with the program that wrote it, or give it an empty directory");
        }
        int contentLength = bytes.length - lineEnd - 1;
        CRC32C crc = new CRC32C();
        crc.update(bytes, lineEnd + 1, contentLength);
        if (!words[2].equals(Integer.toString(contentLength)) || !words[3].equals(Long.toHexString(crc.getValue()))) {
            throw damaged("fails its checksum");
        }
        byte[] content = new byte[contentLength];
        System.arraycopy(bytes, lineEnd + 1, content, 0, contentLength);
        return Optional.of(content);
    }

    /** Replaces the content; durable on return. */
    public void write(byte[] content) throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(content, 0, content.length);
        byte[] line = ("flotilla v" + version + " " + content.length + " " + Long.toHexString(crc.getValue()) + "\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer whole = ByteBuffer.allocate(line.length + content.length);
        whole.put(line).put(content).flip();
        disk.delete(temporary());
        try (DiskFile file = disk.open(temporary())) {
            file.write(whole, 0);
            file.force();
        }
        disk.rename(temporary(), path);
        disk.forceDirectory("");
    }

    /** As if it had never been written; durable on return. Does nothing if it was not. */
    public void delete() throws IOException {
        disk.delete(temporary());
        disk.delete(path);
        disk.forceDirectory("");
    }

    private String temporary() {
        return path + ".new";
    }

    /** For content that makes no sense to its reader. @param how begins with a verb */
    public StateFileException damaged(String how) {
        return new StateFileException("the file " + describe() + " " + how
                + ": the disk or somebody else changed it; the node can't trust it and stops");
    }

    /** For a file that must be there and is not. @param why what would go wrong without it */
    public StateFileException missing(String why) {
        return new StateFileException("the file " + describe() + " is gone: restore it; " + why);
    }

    /** A file that can't be used. The message names it. */
    public static class StateFileException extends IOException {
        StateFileException(String message) {
            super(message);
        }
    }
}
