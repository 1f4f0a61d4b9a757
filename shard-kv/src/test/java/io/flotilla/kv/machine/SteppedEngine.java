package io.flotilla.kv.machine;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.KvEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Calls a hook before each step that changes the engine. */
record SteppedEngine(KvEngine engine, Consumer<String> before) implements KvEngine {
    @Override
    public byte[] get(byte[] key) {
        return engine.get(key);
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to) {
        return engine.ascending(from, to);
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to) {
        return engine.descending(from, to);
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to, int maxSteps) {
        return engine.ascending(from, to, maxSteps);
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to, int maxSteps) {
        return engine.descending(from, to, maxSteps);
    }

    @Override
    public long write(EngineBatch batch) {
        before.accept("write");
        return engine.write(batch);
    }

    @Override
    public EngineView view() {
        return engine.view();
    }

    @Override
    public EngineView keepView(String name) {
        before.accept("keep view");
        return engine.keepView(name);
    }

    @Override
    public EngineView keptView(String name) {
        return engine.keptView(name);
    }

    @Override
    public List<String> keptViews() {
        return engine.keptViews();
    }

    @Override
    public void forgetView(String name) {
        before.accept("forget view");
        engine.forgetView(name);
    }

    @Override
    public long approximateBytes(byte[] from, byte[] to) {
        return engine.approximateBytes(from, to);
    }

    @Override
    public EngineImport newImport() {
        return engine.newImport();
    }

    @Override
    public void ingest(EngineImport finished) {
        before.accept("ingest");
        engine.ingest(finished);
    }

    @Override
    public void flush() {
        before.accept("flush");
        engine.flush();
    }

    @Override
    public void flushSoon() {
        engine.flushSoon();
    }

    @Override
    public void deleteFiles(byte[] from, byte[] to) {
        before.accept("delete files");
        engine.deleteFiles(from, to);
    }

    @Override
    public long durableSequence() {
        return engine.durableSequence();
    }

    @Override
    public String describe() {
        return engine.describe();
    }

    @Override
    public void close() {
        engine.close();
    }

    /** What a power cut now would leave of an engine in a directory, at the most. */
    static Path copy(Path from, Path to) {
        try {
            Files.createDirectories(to);
            while (!copiedWhole(from, to)) {
                try (Stream<Path> half = Files.walk(to)) {
                    for (Path file : half.sorted(Comparator.reverseOrder()).toList()) {
                        if (!file.equals(to)) {
                            Files.delete(file);
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return to;
    }

    /** False if the engine was at work meanwhile: what was copied may name files that were not. */
    private static boolean copiedWhole(Path from, Path to) throws IOException {
        try {
            Map<Path, Long> before = sizes(from);
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : files.toList()) {
                    Path copy = to.resolve(from.relativize(file));
                    if (!file.equals(from) || !Files.exists(copy)) {
                        Files.copy(file, copy);
                    }
                }
            }
            return sizes(from).equals(before);
        } catch (NoSuchFileException | UncheckedIOException gone) {
            return false;
        }
    }

    /** Of all files but the engine's own account of what it does. */
    private static Map<Path, Long> sizes(Path directory) throws IOException {
        Map<Path, Long> sizes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                if (!file.getFileName().toString().startsWith("LOG")) {
                    sizes.put(file, Files.isDirectory(file) ? 0 : Files.size(file));
                }
            }
        }
        return sizes;
    }
}
