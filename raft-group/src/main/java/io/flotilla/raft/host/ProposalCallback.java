package io.flotilla.raft.host;

/** Told once what became of a proposal. Must not block. Each method says on which lane it is called. */
public interface ProposalCallback {
    /** Committed and applied; {@code result} is the state machine's. Called on the group's applier lane. */
    void applied(long index, Object result);

    /** Not done, or not known. Called on any lane. */
    void refused(Refusal refusal);
}
