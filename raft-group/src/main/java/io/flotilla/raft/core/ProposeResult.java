package io.flotilla.raft.core;

/** What became of a proposal at the door. */
public sealed interface ProposeResult {
    /** Appended at the leader; not yet committed. Payload i got index {@code firstIndex + i}. */
    record Accepted(long term, long firstIndex) implements ProposeResult {}

    /** Certainly not appended. @param leader whom to ask instead, or null if unknown */
    record NotLeader(long term, NodeId leader) implements ProposeResult {}

    /** Certainly not appended: the leadership is on its way to {@code target}. Try again a little later. */
    record Transferring(NodeId target) implements ProposeResult {}

    /**
     * Certainly not appended: of guarded entries one at a time waits to be committed, and none before an entry of the leader's
     * own term is committed. Try again a little later.
     */
    record GuardedLater() implements ProposeResult {}

    /** Certainly not appended: too many bytes wait already to be committed and applied. Try again a little later. */
    record Busy() implements ProposeResult {}
}
