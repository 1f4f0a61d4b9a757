package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.RecoveredGroup;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * Hears what the nodes of a run send, write, apply and take over, and asks every safety property about each of these
 * events. Knows no simulator: whoever runs replicas tells it what happens, in the order in which it happens. One
 * instance sees all nodes for a whole run, across their crashes. The properties keep what they need to judge the next
 * event, so an event costs little, however long the run.
 */
public final class SafetyProperties {
    private final ElectionSafety electionSafety = new ElectionSafety();
    private final OneVotePerTerm oneVotePerTerm = new OneVotePerTerm();
    private final LeaderAppendOnly leaderAppendOnly = new LeaderAppendOnly();
    private final LogMatching logMatching = new LogMatching();
    private final StateMachineSafety stateMachineSafety = new StateMachineSafety();
    private final LeaderCompleteness leaderCompleteness = new LeaderCompleteness(stateMachineSafety);
    private final CommittedNeverLost committedNeverLost = new CommittedNeverLost(stateMachineSafety);
    private final CommitRule commitRule = new CommitRule();
    private final LogBases logBases = new LogBases(stateMachineSafety);
    private final Durability durability = new Durability();
    private final Monotonicity monotonicity = new Monotonicity();
    private final Map<NodeId, ShadowDisk> disks = new TreeMap<>();
    private final Tombstones tombstones = new Tombstones();

    private record Place(NodeId node, long group) {}

    /** The last logs of replicas that were dropped: what was committed by them stays so. */
    private final Map<Place, ShadowLog> dropped = new HashMap<>();

    private final Map<Long, Memberships> memberships = new HashMap<>();
    private LongFunction<List<MembershipEntry>> inForce = group -> List.of();
    private final Map<Long, Long> highestTerms = new HashMap<>();
    private final Map<Long, NodeId> highestLeaders = new HashMap<>();
    private NodeId lastLeader;
    private long elections;
    private long basesMoved;

    private final Durability.Holds onDisks = new Durability.Holds() {
        @Override
        public boolean holds(NodeId node, long group, long index, long term) {
            ShadowLog log = log(node, group);
            return log == null ? tombstones.gaveUp(node, group) : log.holds(index, term);
        }

        @Override
        public String describe(NodeId node, long group) {
            return String.valueOf(log(node, group));
        }
    };

    /** How many leaderships were seen. */
    public long elections() {
        return elections;
    }

    /** How often a log's beginning moved. */
    public long basesMoved() {
        return basesMoved;
    }

    /** Who became leader of some group last, or null. */
    public NodeId lastLeader() {
        return lastLeader;
    }

    /** Who leads the group in the highest term that was seen, or null. */
    public NodeId leaderOf(long group) {
        return highestLeaders.get(group);
    }

    public Monotonicity monotonicity() {
        return monotonicity;
    }

    /** The highest index of a group that any replica has applied. */
    public long lastApplied(long group) {
        return stateMachineSafety.lastIndex(group);
    }

    /** @param newInForce the memberships of a group that living nodes go by now */
    public void askForMemberships(LongFunction<List<MembershipEntry>> newInForce) {
        inForce = newInForce;
    }

    /** What was committed last, or the first one. */
    public Membership membership(long group) {
        return memberships.get(group).committedAt(Long.MAX_VALUE);
    }

    /** A group is known, with these members. */
    public void created(long group, Membership membership) {
        memberships.computeIfAbsent(group, id -> new Memberships(id, membership));
    }

    /** A message leaves a node. */
    public void sent(NodeId from, NodeId to, long group, Message message) {
        if (message instanceof Message.AppendRequest append) {
            leads(group, append.term(), from);
            leaderCompleteness.sends(group, from, append);
            leaderAppendOnly.sends(group, from, append);
            commits(group, append.term(), append.commit(), from);
        } else if (message instanceof Message.Heartbeat heartbeat) {
            leads(group, heartbeat.term(), from);
            commits(group, heartbeat.term(), heartbeat.commit(), from);
        } else if (message instanceof Message.ReadIndexReply reply) {
            commits(group, reply.term(), reply.index(), from);
        } else if (message instanceof Message.VoteReply reply && reply.granted()) {
            oneVotePerTerm.voted(group, reply.term(), from, to);
        }
    }

    private void leads(long group, long term, NodeId node) {
        if (electionSafety.leads(group, term, node)) {
            elections++;
            lastLeader = node;
            if (term >= highestTerm(group)) {
                highestTerms.put(group, term);
                highestLeaders.put(group, node);
            }
        }
    }

    /** Somebody led that term, perhaps alone and without a word. */
    private void seesTerm(long group, long term) {
        if (term > highestTerm(group)) {
            highestTerms.put(group, term);
            highestLeaders.remove(group);
        }
    }

    private void commits(long group, long term, long commit, NodeId leader) {
        commitRule.announces(group, term, commit, lastApplied(group), leader, this::majorityEnd);
    }

    private long highestTerm(long group) {
        return highestTerms.getOrDefault(group, 0L);
    }

    /** The highest index of an entry of a term that a majority has on disk; 0 if there is none. */
    private long majorityEnd(long group, long term) {
        long end = 0;
        for (Membership membership : inForce(group).from(lastApplied(group))) {
            long ofThis = majorityEnd(membership.voters(), group, term);
            end = Math.max(
                    end,
                    membership.isJoint() ? Math.min(ofThis, majorityEnd(membership.outgoing(), group, term)) : ofThis);
        }
        return end;
    }

    /**
     * A leader goes by the newest membership in its memory, which perhaps nobody began to write; and what was committed by it
     * stays so after a crash that took it.
     */
    private Memberships inForce(long group) {
        Memberships all = memberships.get(group);
        for (MembershipEntry entry : inForce.apply(group)) {
            if (!entry.membership().voters().isEmpty()) {
                all.goesBy(entry);
            }
        }
        return all;
    }

    private long majorityEnd(Set<NodeId> voters, long group, long term) {
        long[] ends = new long[voters.size()];
        int i = 0;
        for (NodeId voter : voters) {
            ShadowLog log = log(voter, group);
            ends[i++] = log == null ? 0 : log.lastIndexOf(term);
        }
        Arrays.sort(ends);
        return ends[(ends.length - 1) / 2];
    }

    private ShadowLog log(NodeId node, long group) {
        ShadowDisk disk = disks.get(node);
        return disk == null ? null : disk.log(group);
    }

    /** A starting node finds this in its log. The result counts as its disk once it {@link #opened} it. */
    public ShadowDisk finds(NodeId node, List<RecoveredGroup> recovered) {
        ShadowDisk found = new ShadowDisk();
        for (RecoveredGroup group : recovered) {
            long id = group.descriptor().groupId();
            created(id, group.descriptor().membership());
            tombstones.runs(node, id, group.descriptor().joined());
            ShadowLog log = ShadowLog.of(group);
            for (long index = group.base().index() + 1; index <= group.lastIndex(); index++) {
                logMatching.hashOf(id, log.termAt(index), index);
            }
            found.put(id, log);
        }
        ShadowDisk before = disks.get(node);
        if (before != null) {
            before.logs()
                    .forEach((group, log) ->
                            LogDurability.recovered(node, group, log, before.inFlight(group), found.log(group)));
        }
        return found;
    }

    /** What the node found is durable from now on. */
    public void opened(NodeId node, ShadowDisk disk) {
        disks.put(node, disk);
    }

    /**
     * A node begins to write.
     *
     * @param machineDurable what its state machine holds durably
     */
    public void writes(NodeId node, ShadowDisk disk, GroupWrite write, long machineDurable) {
        long group = write.groupId();
        if (write.creation() != null) {
            created(group, write.creation().membership());
            tombstones.creates(node, write.creation());
        }
        if (write.snapshot() != null) {
            memberships
                    .get(group)
                    .standsAt(
                            node,
                            write.snapshot().last().index(),
                            write.snapshot().membership());
        }
        if (write.tombstone() != null) {
            disk.begin(write);
            return;
        }
        if (write.base() == null && write.entries().isEmpty() && write.creation() == null) {
            return;
        }
        ShadowLog before = disk.logOrNew(group);
        ShadowLog log = before;
        if (write.base() != null) {
            logBases.moves(group, node, before.base(), write.base(), machineDurable);
            basesMoved++;
            log = before.copy();
            log.moveBase(write.base(), write.membership());
            memberships
                    .get(group)
                    .standsAt(
                            node,
                            write.base().index(),
                            log.membershipBefore(write.base().index() + 1).membership());
        }
        if (!write.entries().isEmpty()) {
            seesTerm(group, write.entries().get(write.entries().size() - 1).term());
            leaderAppendOnly.writes(
                    group, node, highestLeaders.get(group), highestTerm(group), log.lastIndex(), write.entries());
            logMatching.stored(group, node, log, write.entries());
            writesMemberships(node, group, log, write.entries());
        }
        committedNeverLost.writes(group, node, before, write);
        disk.begin(write);
    }

    private void writesMemberships(NodeId node, long group, ShadowLog before, List<Entry> entries) {
        ShadowLog log = before;
        for (Entry entry : entries) {
            if (entry.kind() == EntryKind.MEMBERSHIP) {
                if (log == before) {
                    log = before.copy();
                    log.append(entries);
                }
                memberships
                        .get(group)
                        .writes(
                                node,
                                entry,
                                log.membershipBefore(entry.index()),
                                (voter, term, index) -> reaches(log(voter, group), term, index)
                                        || reaches(dropped.get(new Place(voter, group)), term, index));
            }
        }
    }

    /** Whether a log holds an entry of a term at or behind an index. */
    private static boolean reaches(ShadowLog log, long term, long index) {
        return log != null
                && (log.lastIndexOf(term) >= Math.max(1, index)
                        || log.base().term() >= term && log.base().index() >= index);
    }

    /** What the node wrote is durable. */
    public void durable(NodeId node, ShadowDisk disk, List<GroupWrite> writes) {
        for (GroupWrite write : writes) {
            if (write.tombstone() != null) {
                tombstones.written(node, write.tombstone());
                ShadowLog last = disk.log(write.groupId());
                if (last != null) {
                    dropped.put(new Place(node, write.groupId()), last);
                }
            }
            disk.end(write);
        }
        for (GroupWrite write : writes) {
            if (!write.entries().isEmpty()) {
                commitRule.mayCommit(write.groupId(), majorityEnd(write.groupId(), highestTerm(write.groupId())));
            }
        }
    }

    /**
     * A state machine is about to apply these entries.
     *
     * @param applied what it has applied
     */
    public void applies(NodeId node, long group, long applied, List<Entry> entries) {
        long next = applied + 1;
        for (Entry entry : entries) {
            long index = entry.index();
            stateMachineSafety.isNext(group, index, next++, node);
            long highest = highestTerm(group);
            if (stateMachineSafety.applies(group, index, entry.term(), EntryHash.of(entry), node, highest)) {
                if (entry.kind() == EntryKind.MEMBERSHIP) {
                    memberships.get(group).applied(entry, MembershipCodec.decode(entry.payload()));
                }
                if (node.equals(highestLeaders.get(group))) {
                    commitRule.applies(group, highest, index, node, this::majorityEnd);
                }
                List<Membership> deciding = inForce(group).from(index);
                durability.applied(group, index, entry.term(), node, deciding, onDisks);
            }
        }
    }

    /** A state machine has applied an entry. @param result what came of it, as one number */
    public void applied(NodeId node, long group, long index, long result) {
        stateMachineSafety.applied(group, index, result, node);
    }

    /** A state machine is about to take over a snapshot. */
    public void installs(NodeId node, long group, EntryId last, long applied) {
        stateMachineSafety.installs(group, last, applied, node);
    }
}
