package io.flotilla.client.call;

/** How often a group asks for its leader when each replica was asked in vain: less often the more groups do. Owned by the loop. */
final class SeekPace {
    /** Between two questions, and half of it again at random. */
    private static final long POLL = 30_000_000;
    /** With so many groups that seek their leader the time between questions is twice that, with twice as many three times. */
    private static final int SEEKERS = 100;

    private final ClientLoop loop;
    private boolean counts;

    SeekPace(ClientLoop loop) {
        this.loop = loop;
    }

    /** The group seeks its leader. */
    void begin() {
        if (!counts) {
            counts = true;
            loop.fleet.seekers(1);
        }
    }

    void end() {
        if (counts) {
            counts = false;
            loop.fleet.seekers(-1);
        }
    }

    /** Nanoseconds until the next question. */
    long nanos() {
        long full = POLL + POLL * loop.fleet.seekers(0) / SEEKERS;
        return full + Math.floorMod(loop.random(), full / 2);
    }
}
