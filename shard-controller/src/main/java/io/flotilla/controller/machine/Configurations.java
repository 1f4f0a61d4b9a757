package io.flotilla.controller.machine;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The configurations that are kept: the newest {@link #KEPT}. The newest one is there whole, those before it as deltas that
 * lead backward; if these are larger than {@link #KEPT_BYTES} together, the oldest go earlier. What is kept depends on what
 * was added alone, so all replicas keep the same. Belongs to its machine's lane.
 */
final class Configurations {
    static final int KEPT = 1_000;
    static final long KEPT_BYTES = 16L << 20;

    private Configuration newest;
    /** The first one leads from the newest to the one before. */
    private final ArrayDeque<ConfigurationDelta> older = new ArrayDeque<>();

    private long bytes;

    boolean isEmpty() {
        return newest == null;
    }

    /** Null if there is none. */
    Configuration newest() {
        return newest;
    }

    /** Takes time in proportion to the configuration and to what changed since. */
    Optional<Configuration> query(long number) {
        if (newest == null || number > newest.getNumber()) {
            return Optional.empty();
        }
        if (number == newest.getNumber()) {
            return Optional.of(newest);
        }
        List<ConfigurationDelta> back = new ArrayList<>();
        for (ConfigurationDelta delta : older) {
            back.add(delta);
            if (delta.getNumber() == number) {
                return Optional.of(ConfigurationDeltas.apply(newest, ConfigurationDeltas.join(back)));
            }
        }
        return Optional.empty();
    }

    /** Backward, from the newest on. */
    Collection<ConfigurationDelta> older() {
        return Collections.unmodifiableCollection(older);
    }

    /** Adds the next one, and forgets old ones. */
    void add(Configuration next) {
        if (newest != null) {
            ConfigurationDelta back = ConfigurationDeltas.between(next, newest);
            older.addFirst(back);
            bytes += back.getSerializedSize();
            while (older.size() >= KEPT || bytes > KEPT_BYTES) {
                bytes -= older.removeLast().getSerializedSize();
            }
        }
        newest = next;
    }

    /**
     * Takes over what another replica keeps, in place of everything here.
     *
     * @param whole null if there is none
     */
    void replace(Configuration whole, List<ConfigurationDelta> backward) {
        newest = whole;
        older.clear();
        older.addAll(backward);
        bytes = backward.stream()
                .mapToLong(ConfigurationDelta::getSerializedSize)
                .sum();
    }
}
