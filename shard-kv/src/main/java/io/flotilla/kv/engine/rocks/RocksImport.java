package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;

/**
 * Sorted files in the directory for imports, cut at {@link #FILE_BYTES} and where the writer says so. The database knows nothing of
 * them yet: that one can't be written is no failure of the database.
 */
final class RocksImport implements EngineImport {
    /** Of keys and values. */
    static final long FILE_BYTES = 64L << 20;

    private final Path directory;
    private final String name;
    private final Options options;
    /** Written out bit by bit: a sync of all at once would hold up that of the log. */
    private final EnvOptions environment = new EnvOptions().setBytesPerSync(1 << 20);

    private final List<Path> files = new ArrayList<>();

    /** Of the last file; null between files. */
    private SstFileWriter writer;

    private byte[] last;
    private long bytes;
    private boolean finished;
    private boolean open = true;

    RocksImport(Path directory, String name, Options options) {
        this.directory = directory;
        this.name = name;
        this.options = options;
    }

    @Override
    public void put(byte[] key, byte[] value) {
        if (finished || !open) {
            throw new EngineException("the import takes no more rows");
        }
        if (last != null && Keys.compare(last, key) >= 0) {
            throw new IllegalArgumentException("the key of a row is not above the one before");
        }
        last = key;
        try {
            if (writer == null) {
                Path file = directory.resolve(name + "-" + files.size() + ".sst");
                files.add(file);
                writer = new SstFileWriter(environment, options);
                writer.open(file.toString());
            }
            writer.put(key, value);
            bytes += key.length + value.length;
            if (bytes >= FILE_BYTES) {
                endFile();
            }
        } catch (RocksDBException e) {
            throw failed(e);
        }
    }

    @Override
    public void cut() {
        if (writer != null) {
            try {
                endFile();
            } catch (RocksDBException e) {
                throw failed(e);
            }
        }
    }

    /** Writes the file out and syncs it. */
    private void endFile() throws RocksDBException {
        try (SstFileWriter ending = writer) {
            writer = null;
            bytes = 0;
            ending.finish();
        }
    }

    private EngineException failed(RocksDBException e) {
        return new EngineException(
                "can't write a file for import in " + directory + ": " + e.getMessage() + "; make room on the disk", e);
    }

    @Override
    public void finish() {
        cut();
        finished = true;
    }

    /** The files in ascending order of their keys. After {@link #finish}. */
    List<String> files() {
        if (!finished || !open) {
            throw new EngineException("the import was not finished, or is over");
        }
        return files.stream().map(Path::toString).toList();
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        if (writer != null) {
            writer.close();
        }
        environment.close();
        try {
            // those that were ingested have moved
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new EngineException("can't delete a file for import in " + directory + ": " + e.getMessage(), e);
        }
    }
}
