package io.flotilla.raft.sim;

/** A run ended because of what was seen at a moment of virtual time. */
public final class SimFailure extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long nanos;

    public SimFailure(long nanos, Throwable cause) {
        super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
        this.nanos = nanos;
    }

    /** Virtual nanoseconds since the run began. */
    public long nanos() {
        return nanos;
    }
}
