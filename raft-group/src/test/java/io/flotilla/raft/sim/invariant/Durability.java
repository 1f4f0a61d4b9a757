package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;
import java.util.Set;

/**
 * Nothing is applied before a majority of the group's voters has it on disk, synced. Who has given the group up for good had it once as
 * far as it goes: of a group that has ended the last replica applies what is committed after the others are gone.
 */
public final class Durability {
    /** Whether a node, up or down, has an entry on disk. */
    public interface Holds {
        boolean holds(NodeId node, long group, long index, long term);

        /** What a node has on disk, for people. */
        String describe(NodeId node, long group);
    }

    /** @param memberships those by one of which it was committed */
    public void applied(long group, long index, long term, NodeId node, List<Membership> memberships, Holds holds) {
        if (memberships.stream().noneMatch(membership -> isHeld(membership, group, index, term, holds))) {
            Membership membership = memberships.get(0);
            throw new Violation(
                    "Durability",
                    "%s applies index %d of term %d in group %d, which is not on the disks of a majority: %s",
                    node,
                    index,
                    term,
                    group,
                    membership.all().stream()
                            .map(other -> other + " has " + holds.describe(other, group))
                            .toList());
        }
    }

    private static boolean isHeld(Membership membership, long group, long index, long term, Holds holds) {
        return majority(membership.voters(), group, index, term, holds)
                && (!membership.isJoint() || majority(membership.outgoing(), group, index, term, holds));
    }

    private static boolean majority(Set<NodeId> voters, long group, long index, long term, Holds holds) {
        int count = 0;
        for (NodeId voter : voters) {
            if (holds.holds(voter, group, index, term)) {
                count++;
            }
        }
        return count * 2 > voters.size();
    }
}
