package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;

/** Told once what became of a transfer of leadership. Must not block. Called on any lane. */
public interface TransferCallback {
    /** This node leads the group no more; {@code leader}, usually but not always the target, does. */
    void transferred(NodeId leader);

    /**
     * {@link Refusal.Indeterminate} if the target did not take over within an election timeout: this node leads and serves
     * again, but the target may still campaign. Otherwise nothing was begun.
     */
    void refused(Refusal refusal);
}
