package io.flotilla.raft.runtime;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is taken of a node's bounds just now, by name; what nobody holds is not named. For one thread. */
public final class Held {
    private final TreeMap<String, Long> counts = new TreeMap<>();

    /** One more place where some of that may be held. */
    public void add(String what, long count) {
        if (count != 0) {
            counts.merge(what, count, Long::sum);
        }
    }

    public SortedMap<String, Long> all() {
        return Collections.unmodifiableSortedMap(counts);
    }
}
