package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Shard;
import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The shard controller. Its five nodes have the replicas of all groups, too. The fleet begins with one group, so the labs' empty
 * configuration has no counterpart; the sub-tests that the labs run one after the other each have a fleet of their own.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ShardCtrlerTest {
    private static final int CONTROLLERS = 5;
    private static final int SHARDS = 10;
    /** More shards than groups, so that every join and leave has something to move. */
    private static final int MANY_SHARDS = 24;

    private static final long FIRST_GROUP = 1;
    private static final int SETTLE_MILLIS = 30_000;
    private static final int CLERKS = 10;

    private static void run(String method, String name, int shards, LabRuns.WorldBody<ShardFleet> body) {
        LabRuns.<ShardFleet>repeat(
                "integration-tests",
                "ShardCtrlerTest#" + method,
                name,
                (seed, timing) -> new ShardFleet(
                        seed, timing, new Shape(CONTROLLERS, 0, 0, shards, LabNet.of(seed, LabNet.RELIABLE), -1)),
                (fleet, runs) -> body.run(fleet.found(), runs));
    }

    // --- what the sub-tests do ---

    /** Three nodes of the five. */
    private static List<String> someNodes(ShardFleet fleet) {
        List<String> names = new ArrayList<>();
        fleet.servers().forEach(server -> names.add(server.id.value()));
        while (names.size() > 3) {
            names.remove(fleet.random().nextInt(names.size()));
        }
        return names;
    }

    private static long join(ShardFleet fleet) {
        return fleet.firstOperator()
                .change(FleetOperator.join(someNodes(fleet)))
                .getGroup();
    }

    private static List<Long> join(ShardFleet fleet, int count) {
        List<Long> groups = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            groups.add(join(fleet));
        }
        return groups;
    }

    /** One rebalance in which all groups take part. */
    private static FleetChangeReply rebalance(ShardFleet fleet) {
        FleetOperator operator = fleet.firstOperator();
        for (int i = 0; i < 40; i++) {
            FleetChangeReply foreseen =
                    operator.change(FleetOperator.rebalance().setDryRun(true));
            if (foreseen.getWarningsCount() == 0) {
                FleetChangeReply done = operator.change(FleetOperator.rebalance());
                if (done.getWarningsCount() > 0) {
                    throw new LabFailure("warned only when it was done: %s", done);
                }
                return done;
            }
            fleet.sleep(500);
        }
        throw new LabFailure("some group has no leader after all this time: %s", KeyCover.text(fleet.shown()));
    }

    private static void settle(ShardFleet fleet) {
        fleet.awaitSettled(SETTLE_MILLIS);
    }

    /** These groups are there and no others, and their counts are within one of each other. */
    private static Configuration checkBalanced(ShardFleet fleet, List<Long> groups) {
        Configuration newest = fleet.firstOperator().newest();
        TreeMap<Long, Integer> counts = KeyCover.counts(newest);
        if (!List.copyOf(counts.keySet()).equals(groups.stream().sorted().toList())) {
            throw new LabFailure("groups %s instead of %s", counts.keySet(), groups);
        }
        if (Collections.max(counts.values()) - Collections.min(counts.values()) > 1) {
            throw new LabFailure("the counts are not within one: %s", counts);
        }
        return newest;
    }

    /** How many shards at least have to go elsewhere so that counts are within one: the fullest groups keep one more. */
    private static int leastMoves(TreeMap<Long, Integer> counts) {
        List<Integer> fullestFirst = new ArrayList<>(counts.values());
        fullestFirst.sort(Collections.reverseOrder());
        int shards = fullestFirst.stream().mapToInt(c -> c).sum();
        int moves = 0;
        for (int i = 0; i < fullestFirst.size(); i++) {
            int goal = shards / fullestFirst.size() + (i < shards % fullestFirst.size() ? 1 : 0);
            moves += Math.max(0, fullestFirst.get(i) - goal);
        }
        return moves;
    }

    private static int moved(Configuration before, Configuration after) {
        int moved = 0;
        for (int i = 0; i < before.getShardsCount(); i++) {
            Shard was = before.getShards(i);
            Shard is = after.getShards(i);
            if (was.getId() != is.getId() || is.getEpoch() < was.getEpoch() || is.getEpoch() > was.getEpoch() + 1) {
                throw new LabFailure("shard %s became %s", was, is);
            }
            if ((was.getGroup() == is.getGroup()) != (was.getEpoch() == is.getEpoch())) {
                throw new LabFailure("epoch and owner don't go together: %s became %s", was, is);
            }
            moved += was.getGroup() == is.getGroup() ? 0 : 1;
        }
        return moved;
    }

    /** A rebalance makes the fewest moves that are possible, and afterwards there is nothing left to do. */
    private static void rebalanceAtLeastCost(ShardFleet fleet, List<Long> groups) {
        Configuration before = fleet.firstOperator().newest();
        int least = leastMoves(KeyCover.counts(before));
        int planned = rebalance(fleet).getMovesCount();
        settle(fleet);
        int moved = moved(before, checkBalanced(fleet, groups));
        if (moved != least || planned != least) {
            throw new LabFailure(
                    "%d shards moved, %d were planned, %d had to: %s", moved, planned, least, KeyCover.text(before));
        }
        int more = rebalance(fleet).getMovesCount();
        if (more != 0) {
            throw new LabFailure("a second rebalance moves %d shards", more);
        }
    }

    private static Group group(Configuration configuration, long id) {
        return configuration.getGroupsList().stream()
                .filter(group -> group.getId() == id)
                .findFirst()
                .orElseThrow(() -> new LabFailure("group %d is missing in %s", id, KeyCover.text(configuration)));
    }

    // --- TestBasic ---

    @Test
    @DisplayName("TestBasic (a): leave and join")
    void basicLeaveJoin() {
        run("basicLeaveJoin", "TestBasic (a)", SHARDS, (fleet, runs) -> {
            FleetOperator operator = fleet.firstOperator();
            Configuration founded = operator.newest();
            checkBalanced(fleet, List.of(FIRST_GROUP));
            if (founded.getNumber() != 1 || founded.getShardsCount() != SHARDS) {
                throw new LabFailure("the fleet begins with %s", KeyCover.text(founded));
            }
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            for (int i = 0; i < 2; i++) {
                List<String> nodes = someNodes(fleet);
                long before = operator.newest().getNumber();
                long joined = operator.change(FleetOperator.join(nodes)).getGroup();
                groups.add(joined);
                Configuration after = operator.newest();
                if (after.getNumber() != before + 1
                        || !group(after, joined).getReplicasList().equals(nodes)) {
                    throw new LabFailure("group %d joined on %s: %s", joined, nodes, KeyCover.text(after));
                }
                rebalance(fleet);
                checkBalanced(fleet, groups);
                settle(fleet);
                checkBalanced(fleet, groups);
            }
            for (int i = 0; i < 2; i++) {
                long left = groups.remove(1);
                operator.change(FleetOperator.leave(left));
                settle(fleet);
                checkBalanced(fleet, groups);
            }
            Configuration last = operator.newest();
            String line = operator.refusal(FleetOperator.leave(FIRST_GROUP));
            if (!line.contains("last") || !operator.newest().equals(last)) {
                throw new LabFailure("the last group was let go: %s", line);
            }
        });
    }

    @Test
    @DisplayName("TestBasic (b): historical queries")
    void basicHistoricalQueries() {
        run("basicHistoricalQueries", "TestBasic (b)", SHARDS, (fleet, runs) -> {
            FleetOperator operator = fleet.firstOperator();
            List<Configuration> seen = new ArrayList<>(List.of(operator.newest()));
            join(fleet, 2);
            rebalance(fleet);
            settle(fleet);
            operator.change(FleetOperator.leave(FIRST_GROUP));
            settle(fleet);
            long newest = operator.newest().getNumber();
            for (long number = 2; number <= newest; number++) {
                Configuration found = operator.query(number).orElseThrow();
                KeyCover.check(found);
                if (found.getNumber() != number) {
                    throw new LabFailure("asked for configuration %d, told %s", number, KeyCover.text(found));
                }
                seen.add(found);
            }
            for (ShardServer server : fleet.servers()) {
                server.crash();
                for (Configuration before : seen) {
                    if (!operator.query(before.getNumber()).equals(Optional.of(before))) {
                        throw new LabFailure("configuration %d is another one now", before.getNumber());
                    }
                }
                if (operator.query(newest + 100).isPresent()) {
                    throw new LabFailure("a configuration that there is not was told");
                }
                server.start();
            }
            runs.measure("configurations compared with each server stopped", seen.size(), 0);
        });
    }

    @Test
    @DisplayName("TestBasic (c): move")
    void basicMove() {
        run("basicMove", "TestBasic (c)", SHARDS, (fleet, runs) -> {
            FleetOperator operator = fleet.firstOperator();
            List<Long> two = join(fleet, 2);
            rebalance(fleet);
            settle(fleet);
            operator.change(FleetOperator.leave(FIRST_GROUP));
            settle(fleet);
            checkBalanced(fleet, two);
            Configuration before = operator.newest();
            for (int i = 0; i < SHARDS; i++) {
                Shard shard = before.getShards(i);
                long to = two.get(i < SHARDS / 2 ? 0 : 1);
                long number = operator.newest().getNumber();
                if (shard.getGroup() == to) {
                    operator.refusal(FleetOperator.move(shard.getId(), to));
                    continue;
                }
                operator.change(FleetOperator.move(shard.getId(), to));
                Configuration after = operator.newest();
                Shard moving = after.getShards(i);
                boolean isIntent = moving.getTarget() == to && moving.getMoveId() > number;
                boolean isOver = moving.getGroup() == to && moving.getEpoch() == shard.getEpoch() + 1;
                if (after.getNumber() <= number || !isIntent && !isOver) {
                    throw new LabFailure("configuration %d: %s was to go to %d", after.getNumber(), moving, to);
                }
            }
            settle(fleet);
            Configuration after = operator.newest();
            for (int i = 0; i < SHARDS; i++) {
                Shard was = before.getShards(i);
                Shard is = after.getShards(i);
                long to = two.get(i < SHARDS / 2 ? 0 : 1);
                if (is.getGroup() != to || is.getEpoch() != was.getEpoch() + (was.getGroup() == to ? 0 : 1)) {
                    throw new LabFailure("%s was to be in group %d, it was %s", is, to, was);
                }
            }
        });
    }

    /** Operators that each ask for one thing after the other, all of them at the same time. */
    private static final class Script {
        private final FleetOperator operator;
        private final List<Long> joined = new ArrayList<>();
        private final List<Long> left = new ArrayList<>();
        private boolean done;

        Script(FleetOperator operator) {
            this.operator = operator;
        }

        /** Lets so many groups join, and then those leave that joined first. */
        void begin(ShardFleet fleet, int joins, int leaves) {
            if (joined.size() < joins) {
                operator.change(
                        FleetOperator.join(someNodes(fleet)),
                        reply -> {
                            joined.add(reply.getGroup());
                            begin(fleet, joins, leaves);
                        },
                        Script::refused);
            } else if (left.size() < leaves) {
                long next = joined.get(left.size());
                operator.change(
                        FleetOperator.leave(next),
                        reply -> {
                            left.add(next);
                            begin(fleet, joins, leaves);
                        },
                        Script::refused);
            } else {
                done = true;
            }
        }

        private static void refused(String line) {
            throw new LabFailure("refused: %s", line);
        }
    }

    private static void concurrently(ShardFleet fleet, int joins, int leaves) {
        List<Script> scripts = new ArrayList<>();
        for (int i = 0; i < CLERKS; i++) {
            scripts.add(new Script(fleet.operator()));
        }
        scripts.forEach(script -> script.begin(fleet, joins, leaves));
        fleet.await(60_000, "all operators are done", () -> scripts.stream().allMatch(script -> script.done));
        settle(fleet);
        List<Long> stay = new ArrayList<>(List.of(FIRST_GROUP));
        for (Script script : scripts) {
            script.joined.removeAll(script.left);
            stay.addAll(script.joined);
        }
        // ids are never used again
        if (stay.stream().distinct().count() != 1 + (long) CLERKS * (joins - leaves)) {
            throw new LabFailure("groups that stay: %s", stay);
        }
        rebalanceAtLeastCost(fleet, stay);
    }

    @Test
    @DisplayName("TestBasic (d): concurrent leave and join")
    void basicConcurrent() {
        run("basicConcurrent", "TestBasic (d)", SHARDS, (fleet, runs) -> concurrently(fleet, 2, 1));
    }

    @Test
    @DisplayName("TestBasic (e): minimal transfers after joins")
    void basicMinimalJoins() {
        run("basicMinimalJoins", "TestBasic (e)", MANY_SHARDS, (fleet, runs) -> {
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            for (int i = 0; i < 5; i++) {
                groups.add(join(fleet));
                rebalanceAtLeastCost(fleet, groups);
            }
        });
    }

    @Test
    @DisplayName("TestBasic (f): minimal transfers after leaves")
    void basicMinimalLeaves() {
        run("basicMinimalLeaves", "TestBasic (f)", MANY_SHARDS, (fleet, runs) -> {
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            groups.addAll(join(fleet, 5));
            rebalanceAtLeastCost(fleet, groups);
            for (int i = 0; i < 5; i++) {
                Configuration before = fleet.firstOperator().newest();
                long left = groups.remove(fleet.random().nextInt(groups.size()));
                int had = KeyCover.counts(before).get(left);
                int planned =
                        fleet.firstOperator().change(FleetOperator.leave(left)).getMovesCount();
                settle(fleet);
                int moved = moved(before, checkBalanced(fleet, groups));
                if (moved != had || planned != had) {
                    throw new LabFailure("group %d had %d, moved %d, planned %d", left, had, moved, planned);
                }
            }
        });
    }

    // --- TestMulti ---

    @Test
    @DisplayName("TestMulti (a): several join, several leave")
    void multiLeaveJoin() {
        run("multiLeaveJoin", "TestMulti (a)", SHARDS, (fleet, runs) -> {
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            groups.addAll(join(fleet, 3));
            rebalanceAtLeastCost(fleet, groups);
            FleetOperator operator = fleet.firstOperator();
            for (int i = 0; i < 2; i++) {
                operator.change(FleetOperator.leave(groups.remove(0)));
            }
            settle(fleet);
            rebalanceAtLeastCost(fleet, groups);
        });
    }

    @Test
    @DisplayName("TestMulti (b): several concurrent leaves and joins")
    void multiConcurrent() {
        run("multiConcurrent", "TestMulti (b)", SHARDS, (fleet, runs) -> concurrently(fleet, 3, 2));
    }

    @Test
    @DisplayName("TestMulti (c): minimal transfers after several joins")
    void multiMinimalJoins() {
        run("multiMinimalJoins", "TestMulti (c)", MANY_SHARDS, (fleet, runs) -> {
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            groups.addAll(join(fleet, 2));
            rebalanceAtLeastCost(fleet, groups);
            groups.addAll(join(fleet, 5));
            rebalanceAtLeastCost(fleet, groups);
        });
    }

    @Test
    @DisplayName("TestMulti (d): minimal transfers after several leaves")
    void multiMinimalLeaves() {
        run("multiMinimalLeaves", "TestMulti (d)", MANY_SHARDS, (fleet, runs) -> {
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            groups.addAll(join(fleet, 7));
            rebalanceAtLeastCost(fleet, groups);
            Configuration before = fleet.firstOperator().newest();
            List<Long> leaving = new ArrayList<>(groups.subList(0, 5));
            groups.removeAll(leaving);
            List<FleetChangeReply> replies = new ArrayList<>();
            leaving.forEach(group -> fleet.operator().change(FleetOperator.leave(group), replies::add, line -> {
                throw new LabFailure("refused: %s", line);
            }));
            fleet.await(60_000, "all leave", () -> replies.size() == leaving.size());
            settle(fleet);
            Configuration after = fleet.firstOperator().newest();
            for (int i = 0; i < before.getShardsCount(); i++) {
                Shard was = before.getShards(i);
                Shard is = after.getShards(i);
                if (!groups.contains(is.getGroup())
                        || groups.contains(was.getGroup()) && was.getEpoch() != is.getEpoch()) {
                    throw new LabFailure("%s became %s, while %s left", was, is, leaving);
                }
            }
            rebalanceAtLeastCost(fleet, groups);
        });
    }

    @Test
    @DisplayName("TestMulti (e): the same configuration on all servers")
    void multiSameOnAll() {
        run("multiSameOnAll", "TestMulti (e)", SHARDS, (fleet, runs) -> {
            FleetOperator operator = fleet.firstOperator();
            List<Long> groups = new ArrayList<>(List.of(FIRST_GROUP));
            groups.addAll(join(fleet, 3));
            rebalanceAtLeastCost(fleet, groups);
            Configuration before = operator.newest();
            FleetChangeRequest.Builder leave =
                    FleetOperator.leave(groups.get(1)).setDryRun(true);
            FleetChangeReply foreseen = operator.change(leave);
            ShardServer old = fleet.leader(0);
            long begin = fleet.millis();
            old.crash();
            ShardServer next = fleet.leader(0);
            runs.measure("milliseconds until another one leads", fleet.millis() - begin, 0);
            long led = fleet.millis();
            Configuration after = operator.newest();
            // from the new leader on: how long an election takes is chance
            runs.atMost("milliseconds from then until it answers", fleet.millis() - led, 3_000);
            if (next == old || !after.equals(before)) {
                throw new LabFailure("the newest configuration was%n%s and is now%n%s", before, after);
            }
            if (!operator.change(leave).getMovesList().equals(foreseen.getMovesList())) {
                throw new LabFailure("another leader plans otherwise than %s", foreseen);
            }
        });
    }
}
