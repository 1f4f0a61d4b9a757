package io.flotilla.it.sim;

import io.flotilla.client.VersionedValue;
import io.flotilla.it.history.KeyAnswer;
import io.flotilla.it.history.KeyCall;
import io.flotilla.it.history.KeyOperation;
import io.flotilla.it.history.LinearizabilityChecker;
import io.flotilla.raft.sim.invariant.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What all clients saw, key by key. */
final class Histories {
    private final Map<String, List<KeyOperation>> byKey = new TreeMap<>();
    private long known;
    private long unknown;

    void add(String key, KeyOperation operation) {
        byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(operation);
        if (operation.isKnown()) {
            known++;
        } else {
            unknown++;
        }
    }

    void read(String client, long called, long returned, String key, Optional<VersionedValue> value) {
        KeyAnswer answer = value.<KeyAnswer>map(v -> new KeyAnswer.Found(Keys.text(v.value()), v.version()))
                .orElseGet(KeyAnswer.Absent::new);
        add(key, new KeyOperation(client, called, returned, new KeyCall.Read(), answer));
    }

    /** Both halves of a pair, read at one moment: they were only ever written together. */
    void readPair(
            String client,
            long called,
            long returned,
            Keys.Pair pair,
            Optional<VersionedValue> left,
            Optional<VersionedValue> right) {
        if (!left.equals(right)) {
            throw new Violation(
                    "AtomicBatches",
                    "%s read one half of pair %s as %s and the other as %s, though both are written in one batch",
                    client,
                    pair.name(),
                    left,
                    right);
        }
        read(client, called, returned, pair.name(), left);
    }

    /** Judges every key; the first one that is not linearizable ends the run. */
    void check() {
        byKey.forEach((key, operations) -> {
            String wrong = LinearizabilityChecker.check(operations);
            if (wrong != null) {
                throw new Violation("Linearizability", "key %s: %s", key, wrong);
            }
        });
    }

    long known() {
        return known;
    }

    long unknown() {
        return unknown;
    }
}
