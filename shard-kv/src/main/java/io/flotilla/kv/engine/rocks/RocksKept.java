package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Checkpoint;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * Views of a database that last: checkpoints in a directory of their own inside the database's. Their files are links to the
 * database's, so what they cost is the space of files that the database itself needs no more. Thread-safe.
 */
final class RocksKept {
    private static final String DIRECTORY = "kept";
    private static final String UNFINISHED = ".tmp";
    private static final long CACHE_BYTES = 4L << 20;
    private static final int OPEN_FILES = 64;

    private final RocksHealth health;
    private final RocksDB db;
    private final Path directory;

    /** Deletes what a crash left half made. */
    RocksKept(RocksHealth health, RocksDB db, Path database) {
        this.health = health;
        this.db = db;
        this.directory = database.resolve(DIRECTORY);
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new EngineException("can't make the directory " + directory + ": " + e.getMessage(), e);
        }
        for (String name : list()) {
            if (name.contains(UNFINISHED)) {
                forget(name);
            }
        }
    }

    /** Flushes the memtable. */
    EngineView keep(String name) {
        try (Checkpoint checkpoint = Checkpoint.create(db)) {
            checkpoint.createCheckpoint(directory.resolve(name).toString());
        } catch (RocksDBException e) {
            throw new EngineException("can't keep a view in " + directory + ": " + e.getMessage(), e);
        }
        return open(name);
    }

    /** Null if there is none. */
    EngineView open(String name) {
        Path path = directory.resolve(name);
        if (!Files.isDirectory(path)) {
            return null;
        }
        return new View(path);
    }

    List<String> list() {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new EngineException("can't list the directory " + directory + ": " + e.getMessage(), e);
        }
    }

    void forget(String name) {
        Path path = directory.resolve(name);
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new EngineException("can't delete the view " + path + ": " + e.getMessage(), e);
        }
    }

    private final class View implements EngineView {
        private final LRUCache cache = new LRUCache(CACHE_BYTES);
        private final Options options = new Options()
                .setParanoidChecks(true)
                .setMaxOpenFiles(OPEN_FILES)
                .setTableFormatConfig(
                        new BlockBasedTableConfig().setBlockCache(cache).setCacheIndexAndFilterBlocks(true));
        private final RocksDB kept;
        private boolean open = true;

        View(Path path) {
            try {
                kept = RocksDB.openReadOnly(options, path.toString());
            } catch (RocksDBException e) {
                options.close();
                cache.close();
                throw new EngineException("can't open the view " + path + ": " + e.getMessage(), e);
            }
        }

        @Override
        public EngineCursor ascending(byte[] from, byte[] to) {
            return RocksCursor.open(health, kept, from, to, true);
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                kept.close();
                options.close();
                cache.close();
            }
        }
    }
}
