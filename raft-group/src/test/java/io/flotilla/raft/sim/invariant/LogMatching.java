package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Two entries with the same index and term are the same entry, and so are all before them (Raft paper, figure 3). It
 * is enough to compare each entry and the term of its predecessor: the rest follows by induction.
 */
public final class LogMatching {
    private record Place(long group, long term, long index) {}

    private record Content(long hash, long previousTerm, NodeId firstSeenAt) {}

    private final Map<Place, Content> entries = new HashMap<>();

    public void stored(long group, long term, long index, long previousTerm, long hash, NodeId node) {
        Content content = new Content(hash, previousTerm, node);
        Content known = entries.putIfAbsent(new Place(group, term, index), content);
        if (known != null && (known.hash != hash || known.previousTerm != previousTerm)) {
            throw new Violation(
                    "LogMatching",
                    "group %d, index %d, term %d: %s (predecessor of term %d) and %s (predecessor of term %d) %s",
                    group,
                    index,
                    term,
                    known.firstSeenAt,
                    known.previousTerm,
                    node,
                    previousTerm,
                    known.hash != hash ? "hold different entries" : "have different logs before it");
        }
    }

    /** A node writes entries into a log. */
    void stored(long group, NodeId node, ShadowLog log, List<Entry> entries) {
        long previous = log.termAt(entries.get(0).index() - 1);
        for (Entry entry : entries) {
            if (previous < 0) {
                throw new Violation(
                        "LogMatching",
                        "%s writes entry %d of group %d behind a gap: its log ends at %d",
                        node,
                        entry.index(),
                        group,
                        log.lastIndex());
            }
            stored(group, entry.term(), entry.index(), previous, EntryHash.of(entry), node);
            previous = entry.term();
        }
    }

    /** The content hash of an entry seen before. */
    public long hashOf(long group, long term, long index) {
        Content known = entries.get(new Place(group, term, index));
        if (known == null) {
            throw new Violation(
                    "LogMatching", "group %d: a log holds entry %d of term %d, which nobody wrote", group, index, term);
        }
        return known.hash;
    }
}
