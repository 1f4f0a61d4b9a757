package io.flotilla.ops.node.production;

import io.flotilla.kv.move.copy.DiskSpace;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The room on the file system of a directory. Thread-safe; each call asks the operating system. */
final class DirectorySpace implements DiskSpace {
    private static final Logger LOG = LoggerFactory.getLogger(DirectorySpace.class);

    private final Path directory;

    DirectorySpace(Path directory) {
        this.directory = directory;
    }

    @Override
    public long freeBytes() {
        return ask(FileStore::getUsableSpace);
    }

    @Override
    public long totalBytes() {
        return ask(FileStore::getTotalSpace);
    }

    private interface Question {
        long of(FileStore store) throws IOException;
    }

    private long ask(Question question) {
        try {
            return question.of(Files.getFileStore(directory));
        } catch (IOException e) {
            LOG.warn("can't ask how much room there is for {}: none counts as free", directory, e);
            return 0;
        }
    }
}
