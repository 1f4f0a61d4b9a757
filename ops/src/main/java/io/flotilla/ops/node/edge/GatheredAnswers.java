package io.flotilla.ops.node.edge;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The client streams with answers that an applier gave and that have not left yet. Thread-safe. */
public final class GatheredAnswers {
    private final Queue<EdgeStream> streams = new ConcurrentLinkedQueue<>();

    /** The stream wants to be told when its answers may leave; it asks once for any number of them. */
    void waiting(EdgeStream stream) {
        streams.add(stream);
    }

    /** All answers that have gathered leave. */
    public void send() {
        for (EdgeStream stream = streams.poll(); stream != null; stream = streams.poll()) {
            stream.sendGathered();
        }
    }
}
