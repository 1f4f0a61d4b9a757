package io.flotilla.raft.host.persistence;

/** Hears for the replicas of one worker that their batches are durable. */
public interface BatchListener {
    /** On the log writer's lane, or a thread that runs it; does not block. What is handed over is the listener's from here on. */
    void durable(DurableBatches batches);
}
