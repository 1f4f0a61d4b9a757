package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** Whether the database can go on: the first failure is final, and told once. Thread-safe. */
final class RocksHealth {
    private final Path directory;
    private final Consumer<EngineException> listener;
    private final AtomicReference<EngineException> first = new AtomicReference<>();

    RocksHealth(Path directory, Consumer<EngineException> listener) {
        this.directory = directory;
        this.listener = listener;
    }

    /** Null while all is well. */
    EngineException failure() {
        return first.get();
    }

    EngineException failed(String what, RocksDBException e) {
        return failed(what, e.getMessage(), e.getStatus(), e);
    }

    /** @param cause null if there is none but the status */
    EngineException failed(String what, String why, Status status, Exception cause) {
        boolean damaged = status != null && status.getCode() == Status.Code.Corruption;
        EngineException failed = new EngineException(
                what + " the database in " + directory + ": " + why
                        + (damaged
                                ? "; it is damaged, and this node's data with it: put a new node in its place"
                                : "; mend the disk or make room on it, then start the node again"),
                cause);
        if (first.compareAndSet(null, failed)) {
            listener.accept(failed);
        }
        return failed;
    }
}
