package io.flotilla.kv.service;

import io.flotilla.client.proto.Response;
import java.util.function.Consumer;

/** Takes the answers to the requests of a client's frame. Thread-safe; never blocks. */
@FunctionalInterface
public interface Answers extends Consumer<Response> {
    /**
     * Takes an answer that an applier gives among others: it may wait for them, until {@link
     * io.flotilla.raft.host.HostListener#answersGiven}.
     */
    default void gather(Response response) {
        accept(response);
    }

    /** Whether the answer to one more read may be made: whoever asked may not take answers any more. */
    default boolean hasRoom() {
        return true;
    }
}
