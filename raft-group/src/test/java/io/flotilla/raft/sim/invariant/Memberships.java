package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A group's memberships change one at a time, each in a step whose majorities meet those before or by way of a joint one,
 * and none before the one before it and an entry of the leader's own term are committed (Raft thesis §4, raft-dev 2015).
 * What a log or a snapshot says of the membership where it begins is what was committed there.
 */
final class Memberships {
    private record Place(long index, long term) {}

    private final long group;
    private final TreeMap<Long, Membership> committed = new TreeMap<>();
    /** Those that some log had, in memory at least, by index. */
    private final TreeMap<Long, Set<Membership>> seen = new TreeMap<>();

    private final Set<Place> judged = new HashSet<>();

    Memberships(long group, Membership first) {
        this.group = group;
        committed.put(0L, first);
    }

    /** An entry is applied for the first time anywhere. */
    void applied(Entry entry, Membership membership) {
        committed.put(entry.index(), membership);
    }

    Membership committedAt(long index) {
        return committed.floorEntry(index).getValue();
    }

    /** Those by which what follows an applied index may be committed: the one in force there, and whatever comes later. */
    List<Membership> from(long index) {
        List<Membership> all = new ArrayList<>();
        all.add(committedAt(index));
        seen.tailMap(index, false).values().forEach(all::addAll);
        return all;
    }

    /** A node has this membership in its log. */
    void goesBy(MembershipEntry entry) {
        seen.computeIfAbsent(entry.index(), i -> new LinkedHashSet<>()).add(entry.membership());
    }

    /**
     * A node writes an entry with a membership.
     *
     * @param before the one before it in that log
     * @param hasOwn whether a node has an entry of a term on disk, at or behind an index
     */
    void writes(NodeId node, Entry entry, MembershipEntry before, Own hasOwn) {
        Membership next = MembershipCodec.decode(entry.payload());
        goesBy(new MembershipEntry(entry.index(), next));
        Membership previous = before.membership();
        if (previous.voters().isEmpty() || !judged.add(new Place(entry.index(), entry.term()))) {
            return;
        }
        if (!isStep(previous, next)) {
            throw violated(node, "goes at once from %s to %s", previous, next);
        }
        Predicate<NodeId> own = voter -> hasOwn.has(voter, entry.term(), before.index());
        if (!majority(previous.voters(), own) || (previous.isJoint() && !majority(previous.outgoing(), own))) {
            throw violated(
                    node,
                    "changes to %s at index %d in term %d before that term, or the membership at %d, is committed",
                    next,
                    entry.index(),
                    entry.term(),
                    before.index());
        }
    }

    interface Own {
        boolean has(NodeId node, long term, long index);
    }

    /** A log begins, or a snapshot ends, at an index with this membership. */
    void standsAt(NodeId node, long index, Membership membership) {
        // who joined late and was told nothing yet knows of none
        if (!membership.equals(Membership.NONE) && !membership.equals(committedAt(index))) {
            throw violated(node, "has %s at index %d, where %s was committed", membership, index, committedAt(index));
        }
    }

    private static boolean isStep(Membership from, Membership to) {
        if (from.isJoint()) {
            return !to.isJoint() && to.voters().equals(from.voters());
        }
        if (to.isJoint()) {
            return to.outgoing().equals(from.voters());
        }
        Set<NodeId> either = new HashSet<>(from.voters());
        either.addAll(to.voters());
        Set<NodeId> both = new HashSet<>(from.voters());
        both.retainAll(to.voters());
        return either.size() - both.size() <= 1;
    }

    static boolean majority(Set<NodeId> voters, Predicate<NodeId> agrees) {
        return 2 * voters.stream().filter(agrees).count() > voters.size();
    }

    private Violation violated(NodeId node, String format, Object... arguments) {
        return new Violation("Memberships", "%s of group %d %s", node, group, String.format(format, arguments));
    }
}
