package io.flotilla.client.call;

/** Something that a {@link TimerWheel} can wake. It is in the wheel at most once. */
abstract class Timed {
    Timed previous;
    Timed next;
    long tick;

    final boolean isScheduled() {
        return next != null;
    }

    /** Its time has come; it is no longer in the wheel. */
    abstract void wake(long now);
}
