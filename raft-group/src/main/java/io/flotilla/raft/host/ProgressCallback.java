package io.flotilla.raft.host;

/** Told once how far a group's replicas are. Must not block. Called on any lane. */
public interface ProgressCallback {
    void progress(GroupProgress progress);

    void refused(Refusal refusal);
}
