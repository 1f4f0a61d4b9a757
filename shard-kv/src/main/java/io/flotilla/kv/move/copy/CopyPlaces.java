package io.flotilla.kv.move.copy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** A few places of a node, for which its copies wait. Belongs to one lane. */
final class CopyPlaces {
    private final int places;
    private final TreeSet<HoldKey> taken = new TreeSet<>();
    private final Map<HoldKey, Runnable> waiting;

    private CopyPlaces(int places, Map<HoldKey, Runnable> waiting) {
        this.places = places;
        this.waiting = waiting;
    }

    /**
     * For whoever is first in the order of moves: the same on all nodes, so that moves whose copies need places on several of them don't
     * wait for each other in a circle.
     */
    static CopyPlaces inOrderOfMoves(int places) {
        return new CopyPlaces(places, new TreeMap<>());
    }

    /** For whoever waits longest. */
    static CopyPlaces inOrderOfArrival(int places) {
        return new CopyPlaces(places, new LinkedHashMap<>());
    }

    /** @param granted runs once there is a place: in this call, or in one that gives a place back */
    void take(HoldKey key, Runnable granted) {
        if (!taken.contains(key)) {
            waiting.put(key, granted);
            grant();
        }
    }

    boolean has(HoldKey key) {
        return taken.contains(key);
    }

    /** Gives the place back, or does not wait for one any more. */
    void leave(HoldKey key) {
        waiting.remove(key);
        if (taken.remove(key)) {
            grant();
        }
    }

    private void grant() {
        while (taken.size() < places && !waiting.isEmpty()) {
            HoldKey next = waiting.keySet().iterator().next();
            Runnable granted = waiting.remove(next);
            taken.add(next);
            granted.run();
        }
    }
}
