package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.Balancer;
import io.flotilla.controller.decide.FleetChanges;
import io.flotilla.controller.decide.FleetPlans;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.LetGroupLeave;
import io.flotilla.controller.proto.MakeGroup;
import io.flotilla.controller.proto.SetTargets;
import io.flotilla.controller.proto.Target;
import io.flotilla.raft.lab.LabFailure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Configurations and how they follow from each other, as functions alone. */
class ShardCfgTest {
    private static final String FLEET = "lab";
    private static final int WALKS = 30;
    private static final int STEPS = 60;
    private static final int MOST_GROUPS = 12;

    /** All groups have leaders and room, and nothing is known of shards. */
    private static final FleetPlans.Observed QUIET = new FleetPlans.Observed() {
        @Override
        public boolean takes(Group group) {
            return true;
        }

        @Override
        public long bytes(long shard) {
            return 0;
        }

        @Override
        public long load(long shard) {
            return 0;
        }
    };

    private final List<Long> groups = new ArrayList<>();
    private Configuration configuration;
    private long nextGroup = 2;

    @Test
    @DisplayName("shardcfg TestBasic")
    void basic() {
        long first = Long.getLong("flotilla.firstSeed", 1);
        for (long seed = first; seed < first + WALKS; seed++) {
            walk(new SplittableRandom(seed));
        }
    }

    private void walk(SplittableRandom random) {
        found(1 + random.nextInt(3), 1 + random.nextInt(40));
        for (int i = 0; i < STEPS; i++) {
            if (groups.size() == 1 || groups.size() < MOST_GROUPS && random.nextBoolean()) {
                join();
            } else {
                leave(groups.get(random.nextInt(groups.size())));
            }
        }
        while (groups.size() > 1) {
            leave(groups.get(0));
        }
        FleetChanges.Decision last = decide(ControllerCommand.newBuilder()
                .setLetGroupLeave(LetGroupLeave.newBuilder().setGroup(groups.get(0))));
        if (last.refusal() == null) {
            throw new LabFailure("the last group left: %s", KeyCover.text(last.next()));
        }
    }

    private void found(int nodes, int shards) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId(FLEET).setGroups(1).setShards(shards);
        for (int i = 1; i <= nodes; i++) {
            found.addNodes(Node.newBuilder()
                    .setId("n" + i)
                    .setAddress("n" + i + ":1")
                    .setFeatureLevel(FleetChanges.FEATURE_LEVEL));
        }
        groups.clear();
        groups.add(1L);
        nextGroup = 2;
        configuration = Placement.founding(found.build());
        check(configuration);
    }

    private FleetChanges.Decision decide(ControllerCommand.Builder command) {
        return FleetChanges.decide(configuration, command.setFleetId(FLEET).build(), nextGroup, group -> false);
    }

    private Configuration done(ControllerCommand.Builder command) {
        FleetChanges.Decision decision = decide(command);
        if (decision.refusal() != null
                || decision.next() == null
                || decision.next().getNumber() != configuration.getNumber() + 1) {
            throw new LabFailure("%s: %s %s", command, decision.refusal(), decision.next());
        }
        return decision.next();
    }

    private void join() {
        configuration = done(ControllerCommand.newBuilder()
                .setMakeGroup(MakeGroup.newBuilder().addReplicas("n1")));
        groups.add(nextGroup++);
        Configuration before = configuration;
        List<Balancer.Relocation> plan = FleetPlans.rebalance(configuration, QUIET);
        if (!plan.isEmpty()) {
            configuration = arrived(done(ControllerCommand.newBuilder()
                    .setSetTargets(SetTargets.newBuilder().addAllTargets(targets(plan)))));
        }
        check(configuration);
        TreeMap<Long, Integer> counts = KeyCover.counts(before);
        int least = before.getShardsCount() / groups.size();
        int surplus = counts.values().stream()
                .mapToInt(c -> Math.max(0, c - least - 1))
                .sum();
        // the new group gets its share, from the fullest, and nobody else gets anything
        int share = counts.get(groups.get(groups.size() - 1)) + plan.size();
        boolean isLeast = share == least || share == least + 1 && surplus >= plan.size();
        long joined = nextGroup - 1;
        if (!isLeast || plan.stream().anyMatch(move -> move.to() != joined)) {
            throw new LabFailure("group %d joined %s: %s", joined, KeyCover.text(before), plan);
        }
    }

    private void leave(long group) {
        groups.remove(group);
        Configuration before = configuration;
        Configuration leaving = FleetChanges.beginToLeave(configuration, group).next();
        List<Balancer.Relocation> plan = FleetPlans.emptying(leaving, QUIET);
        int had = KeyCover.counts(before).get(group);
        if (plan.size() != had || plan.stream().anyMatch(move -> move.from() != group)) {
            throw new LabFailure("group %d leaves %s: %s", group, KeyCover.text(before), plan);
        }
        Configuration next = done(ControllerCommand.newBuilder()
                .setLetGroupLeave(LetGroupLeave.newBuilder().setGroup(group).addAllTargets(targets(plan))));
        configuration = arrived(next);
        check(configuration);
    }

    private static List<Target> targets(List<Balancer.Relocation> plan) {
        return plan.stream()
                .map(move -> Target.newBuilder()
                        .setShard(move.shard())
                        .setTo(move.to())
                        .build())
                .toList();
    }

    /** What it becomes when all moves are done. */
    private static Configuration arrived(Configuration intended) {
        KeyCover.check(intended);
        Configuration.Builder next = intended.toBuilder();
        for (Shard.Builder shard : next.getShardsBuilderList()) {
            if (shard.getTarget() != 0) {
                shard.setGroup(shard.getTarget())
                        .setEpoch(shard.getEpoch() + 1)
                        .clearTarget()
                        .clearMoveId();
            }
        }
        return FleetChanges.withoutEnded(next, group -> false).build();
    }

    /** The labs' check: these groups, all keys, and counts within one. */
    private void check(Configuration next) {
        KeyCover.check(next);
        TreeMap<Long, Integer> counts = KeyCover.counts(next);
        if (!List.copyOf(counts.keySet()).equals(groups.stream().sorted().toList())
                || Collections.max(counts.values()) - Collections.min(counts.values()) > 1
                || !FleetPlans.rebalance(next, QUIET).isEmpty()) {
            throw new LabFailure("groups %s: %s", groups, KeyCover.text(next));
        }
    }
}
