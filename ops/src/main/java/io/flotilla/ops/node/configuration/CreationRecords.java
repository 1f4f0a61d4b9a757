package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * What groups were created with, as far as this node heard of it: all of it where the controller has a replica. At most one
 * per group that the newest configuration shows. Thread-safe.
 */
public final class CreationRecords {
    private final ConcurrentSkipListMap<Long, CreationRecord> byGroup = new ConcurrentSkipListMap<>();

    /** Null if it is not known here. */
    public CreationRecord find(long group) {
        return byGroup.get(group);
    }

    void add(CreationRecord record) {
        byGroup.put(record.getGroup(), record);
    }

    /** Forgets those of groups that have ended. */
    void retain(Configuration newest) {
        Set<Long> present = new HashSet<>();
        for (Group group : newest.getGroupsList()) {
            present.add(group.getId());
        }
        byGroup.values()
                .removeIf(
                        record -> !present.contains(record.getGroup()) && record.getCreatedIn() <= newest.getNumber());
    }
}
