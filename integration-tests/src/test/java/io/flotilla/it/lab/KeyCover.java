package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.Shard;
import io.flotilla.raft.lab.LabFailure;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** What must be so in each configuration: all keys lie in exactly one shard, and each shard in a group that there is. */
final class KeyCover {
    private KeyCover() {}

    static void check(Configuration configuration) {
        List<Shard> shards = configuration.getShardsList();
        Set<Long> groups = new HashSet<>();
        for (Group group : configuration.getGroupsList()) {
            if (!groups.add(group.getId())) {
                fail(configuration, "group " + group.getId() + " is there twice");
            }
        }
        Set<Long> ids = new HashSet<>();
        for (int i = 0; i < shards.size(); i++) {
            Shard shard = shards.get(i);
            boolean isLast = i == shards.size() - 1;
            if (!ids.add(shard.getId())) {
                fail(configuration, "shard " + shard.getId() + " is there twice");
            }
            if (i == 0 && !shard.getStart().isEmpty()) {
                fail(configuration, "the first shard does not begin at the first key");
            }
            if (shard.getEnd().isEmpty() != isLast) {
                fail(configuration, "another shard than the last one has no end, or the last one has");
            }
            if (!isLast && !shard.getEnd().equals(shards.get(i + 1).getStart())) {
                fail(configuration, "gap or overlap behind shard " + shard.getId());
            }
            if (!groups.contains(shard.getGroup())) {
                fail(configuration, "shard " + shard.getId() + " is in a group that there is not");
            }
            if (shard.getTarget() != 0 && !groups.contains(shard.getTarget())) {
                fail(configuration, "shard " + shard.getId() + " goes to a group that there is not");
            }
        }
    }

    private static void fail(Configuration configuration, String what) {
        throw new LabFailure("%s: %s", what, text(configuration));
    }

    /** For people, in a line. */
    static String text(Configuration configuration) {
        StringBuilder text = new StringBuilder("configuration " + configuration.getNumber() + ":");
        for (Group group : configuration.getGroupsList()) {
            boolean leaves = group.getState() == GroupState.GROUP_STATE_LEAVING;
            text.append(" group ").append(group.getId()).append(group.getReplicasList());
            text.append(leaves ? " leaving;" : ";");
        }
        text.append(" shard:group>target@epoch");
        for (Shard shard : configuration.getShardsList()) {
            text.append(String.format(
                    " %d:%d>%d@%d", shard.getId(), shard.getGroup(), shard.getTarget(), shard.getEpoch()));
        }
        return text.toString();
    }

    /** Where the shard is or goes. */
    static long place(Shard shard) {
        return shard.getTarget() != 0 && !shard.getCancelled() ? shard.getTarget() : shard.getGroup();
    }

    /** How many shards each group has or gets; 0 for a group without. */
    static TreeMap<Long, Integer> counts(Configuration configuration) {
        TreeMap<Long, Integer> counts = new TreeMap<>();
        configuration.getGroupsList().forEach(group -> counts.put(group.getId(), 0));
        configuration.getShardsList().forEach(shard -> counts.merge(place(shard), 1, Integer::sum));
        return counts;
    }
}
