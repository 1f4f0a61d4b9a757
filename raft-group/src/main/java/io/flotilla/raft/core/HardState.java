package io.flotilla.raft.core;

/**
 * Term and vote as one value: what must be durable before any message that depends on it leaves (Raft paper,
 * figure 2). At most one vote per term: {@link #vote} refuses a second one.
 *
 * @param term the current term, 0 before the first election
 * @param votedFor whom this replica voted for in {@code term}, or null
 */
public record HardState(long term, NodeId votedFor) {
    public static final HardState INITIAL = new HardState(0, null);

    /** The state after learning of a larger term: the vote of the old term is void. */
    public HardState advanceTo(long newTerm) {
        Check.that(newTerm > term, "term may only grow: %s -> %s", term, newTerm);
        return new HardState(newTerm, null);
    }

    /** The state after voting in the current term; the same state if that vote was given already. */
    public HardState vote(NodeId candidate) {
        Check.that(
                votedFor == null || votedFor.equals(candidate),
                "a second vote in term %s: %s then %s",
                term,
                votedFor,
                candidate);
        return votedFor == null ? new HardState(term, candidate) : this;
    }
}
