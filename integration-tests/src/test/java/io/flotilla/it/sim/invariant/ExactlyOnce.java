package io.flotilla.it.sim.invariant;

import io.flotilla.raft.sim.invariant.Violation;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A write that was acknowledged happened once, one of unknown outcome at most once, a refused one never; and what was
 * acknowledged is still there at the end. Judged by lists of unique tokens and by counters.
 */
public final class ExactlyOnce {
    private enum Outcome {
        ACKNOWLEDGED,
        UNKNOWN
    }

    private final Map<String, Map<String, Outcome>> tokens = new HashMap<>();
    private final Map<String, Long> acknowledgedSums = new HashMap<>();
    private final Map<String, Long> unknownSums = new HashMap<>();

    public void appended(String key, String token, boolean known) {
        tokens.computeIfAbsent(key, k -> new HashMap<>()).put(token, known ? Outcome.ACKNOWLEDGED : Outcome.UNKNOWN);
    }

    /** @param delta not negative */
    public void incremented(String key, long delta, boolean known) {
        (known ? acknowledgedSums : unknownSums).merge(key, delta, Long::sum);
    }

    /** @param list all tokens of the key at the end, each ended by a semicolon */
    public void finalList(String key, String list) {
        Map<String, Outcome> expected = tokens.getOrDefault(key, new HashMap<>());
        Set<String> present = new HashSet<>();
        for (String token : list.isEmpty() ? new String[0] : list.split(";", -1)) {
            if (token.isEmpty()) {
                continue;
            }
            if (!present.add(token)) {
                throw new Violation("ExactlyOnce", "the append of %s to %s happened twice", token, key);
            }
            if (!expected.containsKey(token)) {
                throw new Violation("ExactlyOnce", "the append of %s to %s was refused, but happened", token, key);
            }
        }
        expected.forEach((token, outcome) -> {
            if (outcome == Outcome.ACKNOWLEDGED && !present.contains(token)) {
                throw new Violation("AcknowledgedWritesSurvive", "the append of %s to %s is lost", token, key);
            }
        });
    }

    public void finalNumber(String key, long number) {
        long least = acknowledgedSums.getOrDefault(key, 0L);
        long most = least + unknownSums.getOrDefault(key, 0L);
        if (number < least) {
            throw new Violation(
                    "AcknowledgedWritesSurvive", "the counter %s is %d, but %d was acknowledged", key, number, least);
        }
        if (number > most) {
            throw new Violation(
                    "ExactlyOnce", "the counter %s is %d, but at most %d was ever asked for", key, number, most);
        }
    }
}
