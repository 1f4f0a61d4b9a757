package io.flotilla.raft.host;

/** Told once what became of the wish to drop a replica. Must not block. Called on any lane. */
public interface RetireCallback {
    /** The replica is stopped, its data is gone, and it can't come back under an earlier number, also after a crash. */
    void retired();

    /** It stays: this node is a member by a later membership than the one named. @param index of that */
    void isMember(long index);

    /** Not done, or not known. */
    void refused(Refusal refusal);
}
