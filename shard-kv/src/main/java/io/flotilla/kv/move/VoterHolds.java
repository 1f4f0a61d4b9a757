package io.flotilla.kv.move;

import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the replicas of a target hold for one move, as its leader knows: by what they told and, of its own, by what is here. */
final class VoterHolds {
    private static final VoterHold NOTHING = new VoterHold();

    private final SortedMap<NodeId, VoterHold> holds = new TreeMap<>();

    void told(NodeId from, HoldReport report) {
        holds.computeIfAbsent(from, node -> new VoterHold()).told(report);
    }

    void own(NodeId self, long changeNumber) {
        holds.computeIfAbsent(self, node -> new VoterHold()).held(changeNumber);
    }

    VoterHold of(NodeId voter) {
        return holds.getOrDefault(voter, NOTHING);
    }

    /** Of these voters those with a whole hold, sorted. */
    List<NodeId> whole(SortedSet<NodeId> voters) {
        List<NodeId> whole = new ArrayList<>();
        for (NodeId voter : voters) {
            if (of(voter).isWhole()) {
                whole.add(voter);
            }
        }
        return whole;
    }

    /** The change numbers of their whole holds, each once. */
    SortedSet<Long> changeNumbers(SortedSet<NodeId> voters) {
        SortedSet<Long> numbers = new TreeSet<>();
        whole(voters).forEach(voter -> numbers.add(of(voter).changeNumber()));
        return numbers;
    }

    /** The highest of the change numbers that so many of these voters hold; -1 if fewer hold the shard at all. */
    long reachedBy(SortedSet<NodeId> voters, int count) {
        List<Long> numbers = new ArrayList<>();
        whole(voters).forEach(voter -> numbers.add(of(voter).changeNumber()));
        numbers.sort(Collections.reverseOrder());
        return numbers.size() < count ? -1 : numbers.get(count - 1);
    }

    /** Who has the most; null if nobody but this one has anything. */
    NodeId best(SortedSet<NodeId> voters, NodeId but) {
        NodeId best = null;
        for (NodeId voter : whole(voters)) {
            if (!voter.equals(but) && (best == null || of(voter).changeNumber() > of(best).changeNumber())) {
                best = voter;
            }
        }
        return best;
    }

    /** Takes what the owner's leader said each lacks. Of one that got further meanwhile it is more than it lacks. */
    void lacks(MoveRequest asked, MoveReply reply, long now) {
        List<Long> above = asked.getLag().getAfterList();
        int told = Math.min(above.size(), reply.getLagBytesCount());
        for (VoterHold hold : holds.values()) {
            int nearest = -1;
            for (int i = 0; i < told; i++) {
                if (above.get(i) <= hold.changeNumber()) {
                    nearest = i;
                }
            }
            if (nearest >= 0) {
                hold.lacks(above.get(nearest), reply.getLagBytes(nearest), now);
            }
        }
    }

    /** Whether writes outrun the copies of a majority. */
    boolean isOutrun(SortedSet<NodeId> voters, long now, MoveLimits limits) {
        int outrun = 0;
        for (NodeId voter : voters) {
            outrun += of(voter).isOutrun(now, limits) ? 1 : 0;
        }
        return outrun > voters.size() / 2;
    }

    /** A replica whose node has no room for the copy; null if there is none. */
    NodeId gaveUp(SortedSet<NodeId> voters) {
        for (NodeId voter : voters) {
            if (of(voter).gaveUp()) {
                return voter;
            }
        }
        return null;
    }

    /** The least that any of these voters has copied: of whole copies what the shard takes. */
    long leastCopied(SortedSet<NodeId> voters, long shardBytes) {
        long least = Long.MAX_VALUE;
        for (NodeId voter : voters) {
            VoterHold hold = of(voter);
            least = Math.min(least, hold.isWhole() ? Math.max(hold.copiedBytes(), shardBytes) : hold.copiedBytes());
        }
        return least == Long.MAX_VALUE ? 0 : least;
    }
}
