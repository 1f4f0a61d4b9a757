package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.message.Message;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A leader never replaces or deletes an entry of its log, it only appends (Raft paper, figure 3): it writes its own
 * entries behind the end of what it wrote, and whatever it sends at one index is always of the same term.
 */
public final class LeaderAppendOnly {
    private record Leadership(long group, long term) {}

    /** The terms of the entries that leaders sent, by index; 0 where nothing was sent. */
    private final Map<Leadership, long[]> sent = new HashMap<>();

    /** A leader sends entries. */
    public void sends(long group, NodeId leader, Message.AppendRequest request) {
        List<Entry> entries = request.entries();
        if (entries.isEmpty()) {
            return;
        }
        int last = (int) entries.get(entries.size() - 1).index();
        Leadership leadership = new Leadership(group, request.term());
        long[] terms = sent.computeIfAbsent(leadership, l -> new long[64]);
        if (last >= terms.length) {
            terms = Arrays.copyOf(terms, Math.max(last + 1, terms.length * 2));
            sent.put(leadership, terms);
        }
        for (Entry entry : entries) {
            long known = terms[(int) entry.index()];
            if (known != 0 && known != entry.term()) {
                throw new Violation(
                        "LeaderAppendOnly",
                        "%s, leader of group %d in term %d, sends an entry of term %d at index %d, where it had sent one"
                                + " of term %d",
                        leader,
                        group,
                        request.term(),
                        entry.term(),
                        entry.index(),
                        known);
            }
            terms[(int) entry.index()] = entry.term();
        }
    }

    /**
     * A node writes entries.
     *
     * @param leader of the highest term that was seen, or null
     * @param end where the node's log ends before
     */
    public void writes(long group, NodeId node, NodeId leader, long highestTerm, long end, List<Entry> entries) {
        Entry first = entries.get(0);
        if (node.equals(leader) && first.term() == highestTerm && first.index() <= end) {
            throw new Violation(
                    "LeaderAppendOnly",
                    "%s, leader of group %d in term %d, writes an entry of its own at index %d, where its log ends at"
                            + " %d already",
                    node,
                    group,
                    highestTerm,
                    first.index(),
                    end);
        }
    }
}
