package io.flotilla.raft.sim;

import java.util.Map;
import java.util.TreeMap;

/** How often what happened in a run, or in many: a simulation that never meets a case says nothing about it. */
public final class Coverage {
    private final TreeMap<String, Long> counts = new TreeMap<>();

    public void count(String what) {
        add(what, 1);
    }

    public void add(String what, long times) {
        counts.merge(what, times, Long::sum);
    }

    /** Takes in what happened in another run. */
    public void addAll(Coverage other) {
        other.counts.forEach(this::add);
    }

    /** How often it happened; 0 if never. */
    public long of(String what) {
        return counts.getOrDefault(what, 0L);
    }

    /** Everything that happened at all, by name. */
    public Map<String, Long> all() {
        return new TreeMap<>(counts);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((what, times) -> text.append(text.isEmpty() ? "" : ", ")
                .append(times)
                .append(' ')
                .append(what));
        return text.toString();
    }
}
