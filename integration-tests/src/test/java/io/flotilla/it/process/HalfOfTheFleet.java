package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Shard;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Two groups of which each keeps a majority on nodes n4 and n5, and a rebalance between them whose controller goes away as soon as the
 * first rows are copied.
 */
final class HalfOfTheFleet {
    private static final List<String> DOOMED = List.of("n1", "n2", "n3");
    private static final Duration WITHIN = Duration.ofSeconds(30);
    private static final String COPY = "io.flotilla.kv.move.copy.RowCopy";

    private final MovingFleet fleet;
    private final long owner;
    private final ModelWriters writers;

    /** @param groups each has a majority of its replicas on n4 and n5 */
    HalfOfTheFleet(MovingFleet fleet, List<Long> groups, ModelWriters writers) {
        this.fleet = fleet;
        this.owner = groups.get(0);
        this.writers = writers;
    }

    /** One of the groups gets all shards. */
    private void gather() throws Exception {
        for (Shard shard : fleet.configuration().getShardsList()) {
            if (shard.getGroup() != owner) {
                fleet.move(shard.getId(), owner);
            }
        }
        fleet.settled();
    }

    /** Begins a rebalance of what one group has, and strikes while the node copies. */
    private FleetChangeReply rebalanceAndStrike(String watched, StepWatch.Fault fault) throws Exception {
        FleetChangeReply plan;
        fleet.settled();
        writers.longestMillis();
        try (StepWatch watch = new StepWatch(fleet.processes.debugPort(watched), COPY, "taken", fault)) {
            plan = fleet.rebalance();
            assertThat(plan.getMovesList()).as("moves to be struck").isNotEmpty();
            watch.struck().get(WITHIN.toSeconds(), TimeUnit.SECONDS);
        }
        return plan;
    }

    /** n1, n2 and n3 are killed: group 0 has no majority, and every move gets as far as it can without. */
    void threeOfFiveAreKilledInMidMove() throws Exception {
        gather();
        FleetChangeReply plan = rebalanceAndStrike("n4", () -> {
            for (String id : DOOMED) {
                fleet.processes.kill(id);
            }
        });
        long struckAt = System.nanoTime();
        long number = configurationOf("n4");
        writers.awaitProgress("while three of five nodes are down", 10, WITHIN);
        Poll.until(
                "all shards are adopted without a controller",
                WITHIN,
                () -> adopted()
                        .containsAll(plan.getMovesList().stream()
                                .map(PlannedMove::getShard)
                                .toList()));
        double adoptedAfter = (System.nanoTime() - struckAt) / 1e9;
        long longest = writers.longestMillis();
        writers.awaitProgress("by the new owners, without a controller", 10, WITHIN);
        assertThat(configurationOf("n4"))
                .as("the newest configuration while group 0 has no majority")
                .isEqualTo(number);
        for (String id : DOOMED) {
            fleet.processes.launch(id);
        }
        for (String id : DOOMED) {
            fleet.processes.awaitReady(id);
        }
        long back = System.nanoTime();
        ended(plan);
        System.out.printf(
                Locale.ROOT,
                "three of five nodes killed during %d moves: all adopted %.1f s later, the longest operation took %d"
                        + " ms; over %.1f s after the nodes were ready again%n",
                plan.getMovesCount(),
                adoptedAfter,
                longest,
                (System.nanoTime() - back) / 1e9);
    }

    /** The controller's leader is held still until another one has ended the moves; then it hears of that. */
    void theControllersLeaderIsPausedInMidMove() throws Exception {
        gather();
        String paused = fleet.leader(0);
        FleetChangeReply plan =
                rebalanceAndStrike(paused.equals("n4") ? "n5" : "n4", () -> fleet.processes.pause(paused));
        long struckAt = System.nanoTime();
        String[] next = {""};
        Poll.until("another node leads the controller", WITHIN, () -> {
            next[0] = fleet.leaderNow(0);
            return !next[0].isEmpty() && !next[0].equals(paused);
        });
        double superseded = (System.nanoTime() - struckAt) / 1e9;
        writers.awaitProgress("while " + paused + " is paused", 10, WITHIN);
        Poll.until(
                "the other controller has ended the moves",
                MovingFleet.ENDS_WITHIN,
                () -> fleet.configuration().getShardsList().stream().allMatch(shard -> shard.getTarget() == 0));
        double ended = (System.nanoTime() - struckAt) / 1e9;
        long longest = writers.longestMillis();
        long number = fleet.configuration().getNumber();
        fleet.processes.resume(paused);
        ended(plan);
        assertThat(fleet.configuration().getNumber())
                .as("the newest configuration once the old leader has come back")
                .isGreaterThanOrEqualTo(number);
        System.out.printf(
                Locale.ROOT,
                "controller's leader %s paused during %d moves: %s leads after %.1f s, moves ended after %.1f s, the"
                        + " longest operation took %d ms%n",
                paused,
                plan.getMovesCount(),
                next[0],
                superseded,
                ended,
                longest);
    }

    private void ended(FleetChangeReply plan) throws Exception {
        var after = fleet.settled();
        for (PlannedMove move : plan.getMovesList()) {
            assertThat(MovingFleet.shard(after, move.getShard()).getGroup())
                    .as("the owner of shard " + move.getShard())
                    .isEqualTo(move.getTo());
        }
    }

    private long configurationOf(String id) {
        return fleet.status(id).getConfigurationNumber();
    }

    private Set<Long> adopted() {
        Set<Long> adopted = new HashSet<>();
        for (NodeStatus node : fleet.statuses().values()) {
            for (MoveStatus move : node.getMovesList()) {
                if (move.getPhase() == MoveStatus.Phase.ADOPTED) {
                    adopted.add(move.getShard());
                }
            }
        }
        return adopted;
    }
}
