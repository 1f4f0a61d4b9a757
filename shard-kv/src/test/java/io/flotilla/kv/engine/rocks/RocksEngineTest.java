package io.flotilla.kv.engine.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineContract;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.KvEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RocksEngineTest extends EngineContract {
    @TempDir
    private Path home;

    private Path directory;
    private int copies;

    @Override
    protected KvEngine create() {
        directory = home.resolve("db");
        return RocksEngine.open(directory);
    }

    /** A process that is killed leaves the files as they are: so does a copy of them made while it runs. */
    @Override
    protected KvEngine crash(KvEngine engine) throws IOException {
        Path copy = home.resolve("copy" + copies++);
        Files.createDirectories(copy);
        for (Path file : files(directory)) {
            Files.copy(file, copy.resolve(file.getFileName()));
        }
        engine.close();
        directory = copy;
        return RocksEngine.open(copy);
    }

    @Override
    protected KvEngine reopen(KvEngine closed) {
        return RocksEngine.open(directory);
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    @Test
    void writesNoLogOfItsOwn() throws IOException {
        EngineBatch batch = new EngineBatch();
        batch.put(b("a"), new byte[100_000]);
        engine.write(batch);
        for (Path file : files(directory)) {
            if (file.toString().endsWith(".log")) {
                assertThat(Files.size(file)).as(file.toString()).isZero();
            }
        }
    }

    @Test
    void refusesADirectoryInUse() {
        assertThatThrownBy(() -> RocksEngine.open(directory))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining(directory.toString());
    }

    @Test
    void refusesADamagedDatabase() throws IOException {
        EngineBatch batch = new EngineBatch();
        batch.put(b("a"), b("1"));
        engine.write(batch);
        engine.close();
        for (Path file : files(directory)) {
            if (file.getFileName().toString().startsWith("MANIFEST")) {
                Files.write(file, new byte[] {1, 2, 3});
            }
        }
        assertThatThrownBy(() -> RocksEngine.open(directory))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining(directory.toString());
    }

    @Test
    void tellsOfFlushesThatNobodyAskedFor() {
        long last = 0;
        // more than the memtables hold: writers are held up until one was written out
        for (int i = 0; i < 320; i++) {
            EngineBatch batch = new EngineBatch();
            batch.put(b("key" + i), new byte[1 << 20]);
            last = engine.write(batch);
        }
        assertThat(engine.durableSequence()).isPositive().isLessThanOrEqualTo(last);
    }
}
