package io.flotilla.kv.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineContract;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.KvEngine;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MemoryEngineTest extends EngineContract {
    @Override
    protected KvEngine create() {
        return new MemoryEngine();
    }

    @Override
    protected KvEngine crash(KvEngine engine) {
        return ((MemoryEngine) engine).crash(new SplittableRandom(3));
    }

    @Override
    protected KvEngine reopen(KvEngine closed) {
        return ((MemoryEngine) closed).crash(0);
    }

    @Test
    void canBeReopenedAtEveryBatchSinceTheFlush() {
        for (int survivors = 0; survivors <= 3; survivors++) {
            MemoryEngine memory = new MemoryEngine();
            for (int i = 1; i <= 5; i++) {
                memory.write(counter(i));
                if (i == 2) {
                    memory.flush();
                }
            }
            assertThat(memory.unflushedBatches()).isEqualTo(3);
            assertThat(memory.crash(survivors).get(b("n"))).containsExactly((byte) (2 + survivors));
        }
    }

    /** So a test sees who deletes files too early, or under a reader. */
    @Test
    void filesThatAreDeletedTooEarlyTakeRowsWithThem() {
        MemoryEngine memory = new MemoryEngine();
        memory.write(counter(1));
        memory.flush();
        EngineBatch record = new EngineBatch();
        record.deleteRange(b("n"), b("o"));
        EngineView view = memory.view();
        memory.write(record);
        memory.deleteFiles(b("n"), b("o"));
        try (EngineCursor rows = view.ascending(b("a"), null)) {
            assertThat(rows.next()).isFalse();
        }
        view.close();
        assertThat(memory.crash(0).get(b("n"))).isNull();
    }

    @Test
    void keepsABoundedNumberOfBatchesApart() {
        MemoryEngine memory = new MemoryEngine(3);
        long tenth = 0;
        for (int i = 1; i <= 10; i++) {
            tenth = memory.write(counter(i));
        }
        assertThat(memory.unflushedBatches()).isEqualTo(3);
        assertThat(memory.durableSequence()).isEqualTo(tenth - 3);
        assertThat(memory.crash(0).get(b("n"))).containsExactly((byte) 7);
    }

    private static EngineBatch counter(int value) {
        EngineBatch batch = new EngineBatch();
        batch.put(b("n"), new byte[] {(byte) value});
        return batch;
    }
}
