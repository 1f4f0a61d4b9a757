package io.flotilla.raft.host;

/** Told once how far a group's replicas are. Must not block. Called on any lane. */
public interface ProgressCallback {
    /** The replicas' progress as this leader knew it when it was asked. */
    void progress(GroupProgress progress);

    /** It can't be told here, and why: as a rule this replica does not lead. */
    void refused(Refusal refusal);
}
