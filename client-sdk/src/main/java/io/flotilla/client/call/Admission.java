package io.flotilla.client.call;

import java.util.concurrent.atomic.AtomicLong;

/** Bounds the operations under way and their bytes. Thread-safe: it is asked by the callers' threads. */
public final class Admission {
    private final long mostOperations;
    private final long mostBytes;
    private final AtomicLong operations = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    public Admission(long mostOperations, long mostBytes) {
        this.mostOperations = mostOperations;
        this.mostBytes = mostBytes;
    }

    boolean enter(long size) {
        long operationsNow = operations.incrementAndGet();
        long bytesNow = bytes.addAndGet(size);
        if (operationsNow <= mostOperations && bytesNow <= mostBytes) {
            return true;
        }
        leave(size);
        return false;
    }

    void leave(long size) {
        operations.decrementAndGet();
        bytes.addAndGet(-size);
    }

    String refusal() {
        return "too much is under way: at most " + mostOperations + " operations and " + mostBytes
                + " bytes at once; wait for answers first";
    }
}
