package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.transport.TransferId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The files with the parts of transfers to this node, in a directory of their own. Belongs to the transfer lane. */
final class PartFiles {
    private static final String DIRECTORY = "transfers";
    private static final String PREFIX = "t";

    private final Disk disk;
    private long lastName;

    PartFiles(Disk disk) {
        this.disk = disk;
    }

    /** What earlier runs left, in the order in which it was begun. */
    List<PartFile> recover() throws IOException {
        if (!disk.exists(DIRECTORY)) {
            disk.createDirectories(DIRECTORY);
            disk.forceDirectory("");
        }
        List<PartFile> found = new ArrayList<>();
        for (String name : disk.list(DIRECTORY)) {
            lastName = Math.max(lastName, number(name));
            PartFile file = PartFile.recover(disk, DIRECTORY, name);
            if (file != null) {
                found.add(file);
            }
        }
        return found;
    }

    private static long number(String name) throws IOException {
        try {
            return Long.parseLong(name.substring(PREFIX.length()));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IOException(
                    "there is a file '" + name + "' in the directory " + DIRECTORY + " that is none of ours: move it",
                    e);
        }
    }

    PartFile create(TransferId id, NodeId from) throws IOException {
        lastName++;
        return PartFile.create(disk, DIRECTORY, String.format("%s%016d", PREFIX, lastName), id, from);
    }
}
