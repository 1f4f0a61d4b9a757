package io.flotilla.kv.engine.memory;

import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.Keys;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Rows for {@link MemoryEngine#ingest}, in runs between the cuts. */
final class MemoryImport implements EngineImport {
    private final List<NavigableMap<byte[], byte[]>> runs = new ArrayList<>();
    private byte[] last;
    private boolean cut = true;
    private boolean finished;
    private boolean over;

    @Override
    public void put(byte[] key, byte[] value) {
        if (finished || over) {
            throw new EngineException("the import takes no more rows");
        }
        if (last != null && Keys.compare(last, key) >= 0) {
            throw new IllegalArgumentException("the key of a row is not above the one before");
        }
        if (cut) {
            cut = false;
            runs.add(new TreeMap<>(Keys::compare));
        }
        last = key;
        runs.get(runs.size() - 1).put(key, value);
    }

    @Override
    public void cut() {
        cut = true;
    }

    @Override
    public void finish() {
        finished = true;
    }

    /** Once. */
    List<NavigableMap<byte[], byte[]>> take() {
        if (!finished || over) {
            throw new EngineException("the import was not finished, or is over");
        }
        over = true;
        return runs;
    }

    @Override
    public void close() {
        over = true;
    }
}
