package io.flotilla.controller.decide;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.Balancer.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/**
 * Where shards shall go, by a configuration and by what nodes reported. A shard under way counts as where it goes, one whose move is
 * cancelled as where it is; neither is moved. Pure and deterministic.
 */
public final class FleetPlans {
    /** What the controller's leader knows of a fleet beside its configuration. */
    public interface Observed {
        /** Whether the group may be given shards: it has a leader, and its nodes have room. */
        boolean takes(Group group);

        /** Roughly what the shard's rows take; 0 if it is not known. */
        long bytes(long shard);

        /** Reads and writes of the shard a second; 0 if they are not known. */
        long load(long shard);
    }

    private FleetPlans() {}

    /** What makes the counts of all groups equal within one. */
    public static List<Balancer.Relocation> rebalance(Configuration configuration, Observed observed) {
        return rebalance(configuration, observed, List.of());
    }

    /** The same. @param foreseen a plan that somebody was told of: it is kept to if it does as well */
    public static List<Balancer.Relocation> rebalance(
            Configuration configuration, Observed observed, List<Balancer.Relocation> foreseen) {
        return plan(configuration, observed, foreseen, group -> true);
    }

    /** Where the shards go that groups which leave still have; others stay. */
    public static List<Balancer.Relocation> emptying(Configuration configuration, Observed observed) {
        return emptying(configuration, observed, List.of());
    }

    /** The same. @param foreseen a plan that somebody was told of: it is kept to if it does as well */
    public static List<Balancer.Relocation> emptying(
            Configuration configuration, Observed observed, List<Balancer.Relocation> foreseen) {
        Set<Long> leaving = leaving(configuration);
        return plan(configuration, observed, foreseen, leaving::contains);
    }

    /** Whether some shard of a group that leaves is not under way. */
    public static boolean isLeavingHeldUp(Configuration configuration) {
        Set<Long> leaving = leaving(configuration);
        return !leaving.isEmpty()
                && configuration.getShardsList().stream()
                        .anyMatch(shard -> shard.getTarget() == 0 && leaving.contains(shard.getGroup()));
    }

    private static Set<Long> leaving(Configuration configuration) {
        TreeSet<Long> leaving = new TreeSet<>();
        for (Group group : configuration.getGroupsList()) {
            if (leaves(group)) {
                leaving.add(group.getId());
            }
        }
        return leaving;
    }

    /** Whether the group gives its shards away. */
    public static boolean leaves(Group group) {
        return group.getState() == GroupState.GROUP_STATE_LEAVING;
    }

    /** @param gives the groups whose shards may move */
    private static List<Balancer.Relocation> plan(
            Configuration configuration, Observed observed, List<Balancer.Relocation> foreseen, LongPredicate gives) {
        List<Balancer.Holder> holders = new ArrayList<>(configuration.getGroupsCount());
        for (Group group : configuration.getGroupsList()) {
            Role role = leaves(group) ? Role.LEAVES : observed.takes(group) ? Role.TAKES : Role.KEEPS;
            holders.add(new Balancer.Holder(group.getId(), role));
        }
        double allBytes = 0;
        double allLoad = 0;
        for (Shard shard : configuration.getShardsList()) {
            allBytes += observed.bytes(shard.getId());
            allLoad += observed.load(shard.getId());
        }
        List<Balancer.Placed> shards = new ArrayList<>(configuration.getShardsCount());
        for (Shard shard : configuration.getShardsList()) {
            boolean goes = shard.getTarget() != 0 && !shard.getCancelled();
            shards.add(new Balancer.Placed(
                    shard.getId(),
                    goes ? shard.getTarget() : shard.getGroup(),
                    shard.getTarget() == 0 && gives.test(shard.getGroup()),
                    share(observed.bytes(shard.getId()), allBytes) + share(observed.load(shard.getId()), allLoad)));
        }
        List<Balancer.Relocation> planned = Balancer.plan(holders, shards);
        return Balancer.isAsGood(holders, shards, planned, foreseen) ? foreseen : planned;
    }

    private static double share(long part, double all) {
        return all == 0 ? 0 : part / all;
    }
}
