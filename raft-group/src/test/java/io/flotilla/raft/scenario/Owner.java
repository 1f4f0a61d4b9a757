package io.flotilla.raft.scenario;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.Tombstone;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Predicate;

/**
 * Who owns the group of a scenario: gives replicas to those that became members, and takes them from those that are none any
 * more. It goes by memberships that some replica takes for committed, as a host and its callers do.
 */
final class Owner {
    private final Cast cast;

    Owner(Cast cast) {
        this.cast = cast;
    }

    /**
     * {@code newcomer d [joined 7] [term 4] [floor 3:6] [seed 9]}: a new member gets an empty replica, which was told of
     * nobody. It is a member since the newest membership that anybody goes by, or the committed one at {@code joined}; term and
     * floor are at least what an earlier replica that was dropped demands.
     *
     * @param lenient whether the newest membership will do if there is no such one at {@code joined}
     * @return the command as it was carried out
     */
    String newcomer(String[] words, boolean lenient) {
        NodeId id = new NodeId(words[1]);
        Tombstone dropped = cast.has(words[1]) ? cast.node(words[1]).tombstone() : null;
        if (cast.has(words[1]) && dropped == null) {
            throw new NotNow("%s has a replica", id);
        }
        Map<String, String> given = Cast.given(words, 2);
        String told = given.get("joined");
        if (lenient && told != null && !isSettled(Long.parseLong(told), with -> with.contains(id))) {
            given.remove("joined");
        }
        StringJoiner said = new StringJoiner(" ", "newcomer " + id + (given.isEmpty() ? "" : " "), "");
        given.forEach((name, value) -> said.add(name).add(value));
        long joined = joined(id, given.remove("joined"));
        if (dropped != null && joined <= dropped.removedAt()) {
            throw new NotNow("the replica of %s was dropped as of %d", id, dropped.removedAt());
        }
        HardState least = dropped == null ? HardState.INITIAL : dropped.nextHardState();
        long term = Long.parseLong(given.getOrDefault("term", "0"));
        given.remove("term");
        HardState state = new HardState(Math.max(least.term(), term), null);
        TestReplica replica = cast.replica(id, Membership.NONE, state, List.of());
        String floor = given.remove("floor");
        replica.joined = joined;
        replica.floor = ScenarioNode.further(
                dropped == null ? EntryId.ZERO : dropped.floor(), floor == null ? EntryId.ZERO : Words.entryId(floor));
        String seed = given.remove("seed");
        replica.restart(0, seed == null ? cast.nextSeed() : Long.parseLong(seed));
        Cast.expectNoMore(given);
        cast.put(replica);
        return said.toString();
    }

    /** @param told the index that somebody was told, or null */
    private long joined(NodeId id, String told) {
        if (told == null) {
            return cast.all().stream()
                    .map(node -> node.replica.core.membership())
                    .filter(entry -> entry.membership().contains(id))
                    .mapToLong(MembershipEntry::index)
                    .max()
                    .orElseThrow(() -> new NotNow("nobody knows of a membership with %s", id));
        }
        long index = Long.parseLong(told);
        if (!isSettled(index, membership -> membership.contains(id))) {
            throw new NotNow("nobody knows that a membership with %s is committed at %d", id, index);
        }
        return index;
    }

    /**
     * {@code retire d [7]}: the replica is dropped, because it knows that it is left out, or because the owner of the group
     * knows that it is by the committed membership at that index.
     *
     * @param lenient whether the newest committed membership will do if that at the index is not what is said of it
     * @return the command as it was carried out
     */
    String retire(String[] words, boolean lenient) {
        ScenarioNode node = cast.up(words[1]);
        long own = node.replica.core.removedAt();
        if (words.length == 2) {
            if (own == 0) {
                throw new NotNow("%s does not know that it is left out", node.id);
            }
            node.retire(own);
            return "retire " + node.id;
        }
        long removedAt = Long.parseLong(words[2]);
        boolean isOut = isSettled(removedAt, membership -> !membership.contains(node.id));
        if (!isOut && lenient) {
            removedAt = newestSettled();
            isOut = isSettled(removedAt, membership -> !membership.contains(node.id));
        }
        if (!isOut && removedAt != own) {
            throw new NotNow("nobody knows that a membership without %s is committed at %d", node.id, removedAt);
        }
        MembershipEntry newest = node.replica.core.membership();
        boolean isMember = newest.index() > removedAt && newest.membership().contains(node.id);
        if (isMember || node.replica.joined > removedAt) {
            throw new NotNow("%s is a member by a later membership than that at %d", node.id, removedAt);
        }
        node.retire(removedAt);
        return "retire " + node.id + " " + removedAt;
    }

    /** Whether some replica takes the membership in force at an index for committed, and it is one like that. */
    private boolean isSettled(long index, Predicate<Membership> like) {
        for (ScenarioNode node : cast.all()) {
            MembershipEntry newest = node.replica.core.membership();
            if (newest.index() == index && node.replica.core.isMembershipCommitted()) {
                return like.test(newest.membership());
            }
            if (index <= node.replica.state().committed()) {
                return like.test(cast.membershipAt(node.replica, index));
            }
        }
        return false;
    }

    /** The index of the newest membership that a replica which goes by it takes for committed. */
    private long newestSettled() {
        return cast.all().stream()
                .filter(node -> node.replica.core.isMembershipCommitted())
                .mapToLong(node -> node.replica.core.membership().index())
                .max()
                .orElse(0);
    }
}
