package io.flotilla.kv.engine;

/** The engine can't be opened, read or written. The message says where, why, and what to do. */
public final class EngineException extends RuntimeException {
    public EngineException(String message) {
        super(message);
    }

    public EngineException(String message, Throwable cause) {
        super(message, cause);
    }
}
