package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.replication.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * The others of a leader's group: all members but itself, and those that are told that they are members no more. What is known
 * of each, and the entries that are sent to it. Belongs to the leader; times are its own ticks in office.
 */
final class ProgressTable {
    private final ReplicaState replica;
    private final RaftLog log;
    private final Map<NodeId, Progress> all = new TreeMap<>();

    ProgressTable(ReplicaState replica) {
        this.replica = replica;
        this.log = replica.log;
    }

    /** Unless it is there already. */
    void add(NodeId node, long now) {
        if (!all.containsKey(node)) {
            CoreConfig config = replica.config;
            Progress follower =
                    new Progress(log.lastIndex() + 1, config.maxInflightMessages(), config.maxInflightBytes());
            follower.heard(now);
            all.put(node, follower);
        }
    }

    void remove(NodeId node) {
        all.remove(node);
    }

    boolean contains(NodeId node) {
        return all.containsKey(node);
    }

    /** Null if it is none. */
    Progress get(NodeId node) {
        return all.get(node);
    }

    void forEach(BiConsumer<NodeId, Progress> action) {
        all.forEach(action);
    }

    /** Up to which index the node holds the leader's log durably; -1 if it is no follower. */
    long acknowledgedBy(NodeId node) {
        Progress follower = all.get(node);
        return follower == null ? -1 : follower.match();
    }

    /** The same for each member, the leader included. */
    Map<NodeId, Long> matches() {
        Map<NodeId, Long> matches = new TreeMap<>();
        for (NodeId node : replica.membership.all()) {
            boolean isSelf = node.equals(replica.self);
            matches.put(
                    node, isSelf ? replica.outbox.durableIndex() : all.get(node).match());
        }
        return matches;
    }

    /** The members heard within so many ticks, in order. */
    SortedSet<NodeId> heardWithin(long now, int ticks) {
        SortedSet<NodeId> heard = new TreeSet<>();
        all.forEach((node, follower) -> {
            if (replica.membership.contains(node) && follower.heardWithin(now, ticks)) {
                heard.add(node);
            }
        });
        return heard;
    }

    /** The members that hold an entry back, and its index. */
    Map<NodeId, Long> heldBack() {
        Map<NodeId, Long> heldBack = new TreeMap<>();
        all.forEach((node, follower) -> {
            if (replica.membership.contains(node) && follower.isHeldBack()) {
                heldBack.put(node, follower.next());
            }
        });
        return heldBack;
    }

    /** Those of them that hold most, in order. */
    List<NodeId> bestOf(Predicate<NodeId> chosen) {
        List<NodeId> best = new ArrayList<>();
        all.forEach((node, follower) -> {
            if (chosen.test(node)) {
                if (!best.isEmpty() && follower.match() > acknowledgedBy(best.get(0))) {
                    best.clear();
                }
                if (best.isEmpty() || follower.match() == acknowledgedBy(best.get(0))) {
                    best.add(node);
                }
            }
        });
        return best;
    }

    /** The first index that some follower has not acknowledged. */
    long firstUnacknowledged() {
        long first = log.lastIndex() + 1;
        for (Progress follower : all.values()) {
            first = Math.min(first, follower.match() + 1);
        }
        return first;
    }

    /** The follower holds everything up to {@code last}: it took over a snapshot, or did not need it any more. */
    void snapshotSent(NodeId to, EntryId last) {
        Progress follower = all.get(to);
        if (follower != null && follower.awaitsSnapshot()) {
            follower.probeFrom(Math.min(last.index(), log.lastIndex()) + 1);
        }
    }

    /** The follower is looked at anew: perhaps it does not need a snapshot any more. */
    void snapshotFailed(NodeId to) {
        Progress follower = all.get(to);
        if (follower != null && follower.awaitsSnapshot()) {
            follower.probeFrom(log.base().index() + 1);
        }
    }

    /** Sends each what it lacks and may be sent now. */
    void replicate(long now) {
        all.forEach((node, follower) -> replicate(node, follower, now));
    }

    private void replicate(NodeId node, Progress follower, long now) {
        int maxBytes = replica.config.maxAppendBytes();
        if (follower.next() <= log.base().index() && !follower.awaitsSnapshot()) {
            follower.probeFrom(log.base().index() + 1);
        }
        while (follower.maySend(log.lastIndex(), maxBytes)) {
            long next = follower.next();
            if (next < log.firstResident() && next <= log.lastIndex()) {
                replica.loads.request(node, next, log.firstResident() - 1, maxBytes);
                return;
            }
            List<Entry> entries = next > log.lastIndex() ? List.of() : log.slice(next, log.lastIndex(), maxBytes);
            send(node, follower, entries, now);
        }
    }

    /** Entries wanted for a follower were read from disk. */
    void loaded(LoadRequest request, List<Entry> entries, long now) {
        Progress follower = all.get(request.purpose());
        if (follower == null
                || entries.isEmpty()
                || entries.get(0).index() <= log.base().index()
                || follower.next() != entries.get(0).index()
                || !follower.maySend(log.lastIndex(), replica.config.maxAppendBytes())) {
            return;
        }
        for (Entry entry : entries) {
            if (entry.index() > log.lastIndex() || log.termAt(entry.index()) != entry.term()) {
                return;
            }
        }
        send(request.purpose(), follower, entries, now);
    }

    private void send(NodeId node, Progress follower, List<Entry> entries, long now) {
        long previous = follower.next() - 1;
        EntryId previousId = new EntryId(log.termAt(previous), previous);
        int bytes = 0;
        List<Entry> some = follower.isHeldBack() ? entries.subList(0, 1) : entries;
        for (Entry entry : some) {
            bytes += entry.bytes();
        }
        replica.outbox.send(node, new AppendRequest(replica.term(), previousId, log.committed(), some));
        follower.sent(previous + some.size(), bytes, now);
    }
}
