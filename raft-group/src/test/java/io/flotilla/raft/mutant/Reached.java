package io.flotilla.raft.mutant;

import java.util.Set;
import java.util.TreeSet;

/** Which places of the production code a run came by: {@code ReachedBySeedsTest} puts calls of {@link #at} there. One thread. */
public final class Reached {
    private static final Set<String> PLACES = new TreeSet<>();

    private Reached() {}

    public static void at(String place) {
        PLACES.add(place);
    }

    /** All places since the last call. */
    public static Set<String> take() {
        Set<String> all = new TreeSet<>(PLACES);
        PLACES.clear();
        return all;
    }
}
