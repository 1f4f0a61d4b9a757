package io.flotilla.controller.machine;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The configurations that are kept: the newest {@link #KEPT}, or fewer if they are larger than {@link #KEPT_BYTES}
 * together, and those older ones in which a present group was created. What is kept depends on what was added alone, so
 * all replicas keep the same.
 */
final class Configurations {
    static final int KEPT = 1_000;
    static final long KEPT_BYTES = 16L << 20;

    private final TreeMap<Long, Configuration> byNumber = new TreeMap<>();
    private long bytes;

    boolean isEmpty() {
        return byNumber.isEmpty();
    }

    /** The newest one; not if there is none. */
    Configuration newest() {
        return byNumber.lastEntry().getValue();
    }

    Optional<Configuration> query(long number) {
        return Optional.ofNullable(byNumber.get(number));
    }

    /** By ascending number. */
    Collection<Configuration> all() {
        return Collections.unmodifiableCollection(byNumber.values());
    }

    /** Those in which a present group was created, and the newest one; by ascending number. */
    List<Configuration> needed() {
        List<Configuration> needed = new ArrayList<>();
        if (!isEmpty()) {
            Set<Long> creators = creators(newest());
            creators.add(newest().getNumber());
            creators.forEach(number -> query(number).ifPresent(needed::add));
        }
        return needed;
    }

    /** Adds a newer one, and forgets old ones. */
    void add(Configuration newest) {
        byNumber.put(newest.getNumber(), newest);
        bytes += newest.getSerializedSize();
        Set<Long> creators = null;
        for (Iterator<Configuration> oldest = byNumber.values().iterator(); oldest.hasNext(); ) {
            Configuration each = oldest.next();
            boolean tooMuch = each.getNumber() <= newest.getNumber() - KEPT || bytes > KEPT_BYTES;
            if (!tooMuch || each == newest) {
                return;
            }
            creators = creators == null ? creators(newest) : creators;
            if (!creators.contains(each.getNumber())) {
                oldest.remove();
                bytes -= each.getSerializedSize();
            }
        }
    }

    private static TreeSet<Long> creators(Configuration newest) {
        TreeSet<Long> creators = new TreeSet<>();
        for (Group group : newest.getGroupsList()) {
            creators.add(group.getCreatedIn());
        }
        return creators;
    }

    /** Takes over what another replica keeps, in place of everything here. */
    void replace(List<Configuration> kept) {
        clear();
        for (Configuration each : kept) {
            byNumber.put(each.getNumber(), each);
            bytes += each.getSerializedSize();
        }
    }

    void clear() {
        byNumber.clear();
        bytes = 0;
    }
}
