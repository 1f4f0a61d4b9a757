package io.flotilla.kv.machine;

import io.flotilla.raft.runtime.Clock;

/** Stands still until a test moves it. */
public final class TestClock implements Clock {
    public long nanos;
    public long wallMillis;

    public void passMillis(long millis) {
        nanos += millis * 1_000_000;
        wallMillis += millis;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public long wallMillis() {
        return wallMillis;
    }
}
