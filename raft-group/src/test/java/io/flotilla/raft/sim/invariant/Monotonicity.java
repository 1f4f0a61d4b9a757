package io.flotilla.raft.sim.invariant;

import java.util.HashMap;
import java.util.Map;

/** A number that may only grow while its owner lives: commit index, applied index, term, configuration. */
public final class Monotonicity {
    private final Map<String, Long> last = new HashMap<>();

    public void sees(String owner, String what, long value) {
        Long before = last.put(owner + ' ' + what, value);
        if (before != null && before > value) {
            throw new Violation("Monotonicity", "the %s of %s fell from %d to %d", what, owner, before, value);
        }
    }
}
