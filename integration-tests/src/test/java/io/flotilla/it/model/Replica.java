package io.flotilla.it.model;

/**
 * One replica of B. Term, vote and log are durable at once (Raft's own log is synced before anything is answered); the engine
 * is durable as of its last flush.
 *
 * @param log a log of {@link Logs}
 * @param engine as it is in memory
 * @param flushed as a crash leaves it
 * @param leads leads its term, as far as it knows
 * @param heldBack the leader sends it only the guarded entry that it refused last
 */
record Replica(int log, Engine engine, Engine flushed, int term, boolean up, boolean leads, boolean heldBack) {
    Replica withLog(int changed) {
        return new Replica(changed, engine, flushed, term, up, leads, heldBack);
    }

    Replica withEngine(Engine changed) {
        return new Replica(log, changed, flushed, term, up, leads, heldBack);
    }

    Replica withFlushed(Engine both) {
        return new Replica(log, both, both, term, up, leads, heldBack);
    }

    Replica inTerm(int later, boolean leader) {
        return new Replica(log, engine, flushed, later, up, leader, false);
    }

    Replica withHeldBack(boolean refused) {
        return new Replica(log, engine, flushed, term, up, leads, refused);
    }

    Replica crashed() {
        return new Replica(log, flushed, flushed, term, false, false, heldBack);
    }

    Replica restarted() {
        return new Replica(log, engine, flushed, term, true, false, heldBack);
    }

    @Override
    public int hashCode() {
        int flags = term | (up ? 8 : 0) | (leads ? 16 : 0) | (heldBack ? 32 : 0);
        long mixed = (log * 64L + flags) * 0x9E3779B97F4A7C15L
                + engine.hashCode() * 0xC2B2AE3D27D4EB4FL
                + flushed.hashCode() * 0x165667B19E3779F9L;
        return (int) (mixed ^ mixed >>> 32);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Replica that
                && log == that.log
                && term == that.term
                && up == that.up
                && leads == that.leads
                && heldBack == that.heldBack
                && engine.equals(that.engine)
                && flushed.equals(that.flushed);
    }
}
