package io.flotilla.raft.core;

/** What became at the door of the wish that another replica should lead. */
public sealed interface TransferResult {
    /** The leader tries, for an election timeout at most; {@link RaftCore#transferTarget} tells for how long. */
    record Begun() implements TransferResult {}

    /** Nothing to do: this replica is the target, and leads. */
    record LeadsAlready() implements TransferResult {}

    /** Nothing was begun. @param leader whom to ask instead, or null if unknown */
    record NotLeader(NodeId leader) implements TransferResult {}

    /** Nothing was begun: another transfer is under way, to {@code target}. */
    record UnderWay(NodeId target) implements TransferResult {}

    /** Nothing was begun: the target has no vote in the group, or is about to lose it. */
    record NotEligible() implements TransferResult {}
}
