package io.flotilla.ops.change;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.PlannedMove;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How long planned moves may take, each from the beginning of all: rather too long than too short, for a fleet has other
 * things to do. A node takes in {@link #BYTES_PER_SECOND}, one shard after the other, and each move has steps that take {@link
 * #STEPS_SECONDS} however small the shard is. Pure.
 */
public final class MoveForecast {
    /** Half of what an idle node takes in at least. */
    static final long BYTES_PER_SECOND = 50_000_000;
    /** For the entries of a move, the last rounds, and the controller. */
    static final double STEPS_SECONDS = 1;

    private MoveForecast() {}

    /**
     * @param moves in the order in which they begin
     * @param made where the replicas are of a group that the configuration does not have; by group
     * @return for each move the seconds until it is over
     */
    public static List<Long> seconds(
            Configuration configuration, Map<Long, ? extends Collection<String>> made, List<PlannedMove> moves) {
        Map<Long, Collection<String>> replicas = new LinkedHashMap<>(made);
        for (Group group : configuration.getGroupsList()) {
            replicas.put(group.getId(), group.getReplicasList());
        }
        Map<String, Double> busyUntil = new LinkedHashMap<>();
        List<Long> seconds = new ArrayList<>();
        for (PlannedMove move : moves) {
            Collection<String> receivers = replicas.getOrDefault(move.getTo(), List.of());
            double free = 0;
            for (String node : receivers) {
                free = Math.max(free, busyUntil.getOrDefault(node, 0.0));
            }
            double over = free + STEPS_SECONDS + (double) move.getBytes() / BYTES_PER_SECOND;
            for (String node : receivers) {
                busyUntil.put(node, over);
            }
            seconds.add((long) Math.ceil(over));
        }
        return seconds;
    }
}
