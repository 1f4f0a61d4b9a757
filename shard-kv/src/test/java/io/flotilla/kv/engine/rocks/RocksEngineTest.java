package io.flotilla.kv.engine.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineContract;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.KvEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
        copy();
        engine.close();
        return RocksEngine.open(directory);
    }

    /** The files as they are now; from here on the directory is the copy's. */
    private Path copy() throws IOException {
        Path copy = home.resolve("copy" + copies++);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(directory.relativize(file)));
            }
        }
        directory = copy;
        return copy;
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
    void aCrashLeavesNoFilesOfImports() throws IOException {
        EngineImport unfinished = engine.newImport();
        unfinished.put(b("a"), new byte[1 << 20]);
        EngineImport finished = engine.newImport();
        finished.put(b("b"), new byte[1 << 20]);
        finished.finish();
        EngineImport ingested = engine.newImport();
        ingested.put(b("c"), b("1"));
        ingested.finish();
        engine.ingest(ingested);
        assertThat(files(directory.resolve("import"))).hasSizeGreaterThanOrEqualTo(2);
        KvEngine before = engine;
        engine = RocksEngine.open(copy());
        assertThat(files(directory.resolve("import"))).isEmpty();
        assertThat(engine.get(b("a"))).isNull();
        assertThat(engine.get(b("b"))).isNull();
        assertThat(engine.get(b("c"))).isEqualTo(b("1"));
        unfinished.close();
        finished.close();
        ingested.close();
        before.close();
    }

    @Test
    void aLargeImportBecomesSeveralFiles() {
        byte[] value = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(value);
        try (EngineImport large = engine.newImport()) {
            for (int i = 0; i < 150; i++) {
                large.put(b(String.format("%03d", i)), value);
            }
            large.finish();
            assertThat(((RocksImport) large).files()).hasSize(3);
            engine.ingest(large);
        }
        try (EngineCursor rows = engine.descending(b(""), null)) {
            for (int i = 149; i >= 0; i--) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.key()).isEqualTo(b(String.format("%03d", i)));
                assertThat(rows.value()).isEqualTo(value);
            }
            assertThat(rows.next()).isFalse();
        }
    }

    private long bytesOfTables() throws IOException {
        long bytes = 0;
        for (Path file : files(directory)) {
            try {
                bytes += file.toString().endsWith(".sst") ? Files.size(file) : 0;
            } catch (NoSuchFileException deletedMeanwhile) {
                // it takes nothing
            }
        }
        return bytes;
    }

    /** Rows in files of their own, and rows in files that hold others' too. */
    @Test
    void theSpaceOfDeletedRowsIsBackSoon() throws IOException {
        byte[] value = new byte[1 << 20];
        SplittableRandom random = new SplittableRandom(1);
        try (EngineImport large = engine.newImport()) {
            for (int i = 0; i < 70; i++) {
                random.nextBytes(value);
                large.put(b(String.format("g%03d", i)), value.clone());
            }
            large.put(b("h"), b("stays"));
            large.finish();
            engine.ingest(large);
        }
        for (int i = 0; i < 30; i++) {
            random.nextBytes(value);
            EngineBatch batch = new EngineBatch();
            batch.put(b(String.format("g%03dw", i)), value.clone());
            batch.put(b("i" + i), b("stays"));
            engine.write(batch);
        }
        engine.flush();
        assertThat(bytesOfTables()).isGreaterThan(90L << 20);
        EngineBatch batch = new EngineBatch();
        batch.deleteRange(b("g"), b("h"));
        engine.write(batch);
        engine.flush();
        engine.deleteFiles(b("g"), b("h"));
        long start = System.nanoTime();
        while (bytesOfTables() > 9L << 20) {
            assertThat(System.nanoTime() - start)
                    .as("nanoseconds, with %s bytes left", bytesOfTables())
                    .isLessThan(120_000_000_000L);
            Thread.onSpinWait();
        }
        assertThat(engine.get(b("h"))).isEqualTo(b("stays"));
        assertThat(engine.get(b("i29"))).isEqualTo(b("stays"));
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

    /** Its kind has no constant in RocksDB's Java: the listener is not called. Nobody writes any more, so no write tells of it. */
    @Test
    void aFailureOnTheDatabasesOwnThreadsIsTold() throws Exception {
        CompletableFuture<EngineException> told = new CompletableFuture<>();
        Path failing = home.resolve("failing");
        try (KvEngine other = RocksEngine.open(failing, told::complete)) {
            byte[] value = new byte[1 << 20];
            for (int i = 0; i < 54; i++) {
                put(other, "key" + i, value);
            }
            Files.move(failing, home.resolve("away"));
            Files.createFile(failing);
            // one of these fills the memtables that are flushed together; who comes next would hear of it
            for (int i = 0; i < 20 && !isTold(told, 1_500); i++) {
                put(other, "more" + i, value);
            }
            assertThat(told.get(60, TimeUnit.SECONDS))
                    .hasMessageContaining("can't go on with the database in " + failing)
                    .hasMessageContaining("mend the disk");
            assertThatThrownBy(() -> put(other, "after", new byte[1])).isInstanceOf(EngineException.class);
        } finally {
            Files.delete(failing);
            Files.move(home.resolve("away"), failing);
        }
    }

    private static boolean isTold(CompletableFuture<EngineException> told, long millis) throws Exception {
        try {
            return told.get(millis, TimeUnit.MILLISECONDS) != null;
        } catch (TimeoutException notYet) {
            return false;
        }
    }

    private static void put(KvEngine engine, String key, byte[] value) {
        EngineBatch batch = new EngineBatch();
        batch.put(b(key), value);
        engine.write(batch);
    }

    /** Deleted rows in a row: whoever reads over them is cut soon, and later readers find them gone. */
    @Test
    void rangesFullOfDeletedRowsAreBoundedAndCompacted() {
        int many = 60_000;
        fillAndDelete(many);
        long start = System.nanoTime();
        int pages = many;
        while (pages > 3) {
            pages = 0;
            byte[] from = b("k");
            while (from != null) {
                try (EngineCursor cursor = engine.ascending(from, b("l"), 4_000)) {
                    assertThat(cursor.next()).isFalse();
                    from = cursor.isCut() ? cursor.rest() : null;
                }
                pages++;
            }
            assertThat(pages).as("each of about 4,000 steps").isLessThanOrEqualTo(2 * many / 4_000);
            assertThat(System.nanoTime() - start).as("until they are gone").isLessThan(60_000_000_000L);
        }
        assertThat(engine.get(b("l"))).isEqualTo(b("stays"));
    }

    private void fillAndDelete(int many) {
        for (int i = 0; i < many; i += 1_000) {
            EngineBatch batch = new EngineBatch();
            for (int j = i; j < i + 1_000; j++) {
                batch.put(b(String.format("k%06d", j)), b("value"));
            }
            engine.write(batch);
        }
        engine.flush();
        EngineBatch last = new EngineBatch();
        last.put(b("l"), b("stays"));
        engine.write(last);
        for (int i = 0; i < many; i += 1_000) {
            EngineBatch batch = new EngineBatch();
            for (int j = i; j < i + 1_000; j++) {
                batch.delete(b(String.format("k%06d", j)));
            }
            engine.write(batch);
        }
    }

    /** A file that says of most rows that they are gone is compacted without anybody reading there. */
    @Test
    void filesFullOfDeletionsAreCompactedByThemselves() throws IOException {
        fillAndDelete(60_000);
        engine.flush();
        long start = System.nanoTime();
        while (engine.approximateBytes(b("k"), b("l")) > 20_000) {
            assertThat(System.nanoTime() - start)
                    .as("with %s bytes left", bytesOfTables())
                    .isLessThan(60_000_000_000L);
            Thread.onSpinWait();
        }
        assertThat(engine.get(b("l"))).isEqualTo(b("stays"));
    }

    @Test
    void tellsOfFlushesThatNobodyAskedFor() {
        long last = 0;
        // more than the memtables hold: writers are held up until one was flushed
        for (int i = 0; i < 320; i++) {
            EngineBatch batch = new EngineBatch();
            batch.put(b("key" + i), new byte[1 << 20]);
            last = engine.write(batch);
        }
        assertThat(engine.durableSequence()).isPositive().isLessThanOrEqualTo(last);
    }
}
