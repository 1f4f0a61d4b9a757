package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.VersionedValue;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Shard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A dozen of a course's tests of sharded services, under their own names, on five processes: two groups that share nodes n4 and n5 and
 * have n1 and n2 as their third, so that either can lose its majority alone.
 */
final class LabSuite {
    interface Test {
        void run() throws Exception;
    }

    private static final int KEYS = 60;
    /** Whoever can answer does so within this, elections over. */
    private static final Duration QUIET = Duration.ofSeconds(2);
    /** A process starts, its replicas hear of a leader, or elect one. */
    private static final Duration ELECTED = Duration.ofSeconds(20);

    private final MovingFleet fleet;
    private final List<List<String>> replicas;
    private final boolean full;
    private final Map<Integer, String> values = new HashMap<>();

    /** @param replicas of the two groups */
    LabSuite(MovingFleet fleet, List<List<String>> replicas, boolean full) {
        this.fleet = fleet;
        this.replicas = replicas;
        this.full = full;
    }

    Map<String, Test> tests() {
        Map<String, Test> tests = new LinkedHashMap<>();
        tests.put("TestStaticShards", this::staticShards);
        tests.put("TestJoinLeave", this::joinLeave);
        tests.put("TestMissChange", this::missChange);
        tests.put("TestConcurrent1", this::concurrent1);
        tests.put("TestConcurrent3", this::concurrent3);
        tests.put("TestChallenge2Unaffected", this::challenge2Unaffected);
        tests.put("TestChallenge2Partial", this::challenge2Partial);
        tests.put("TestManyJoinLeaveReliable5A", this::manyJoinLeave);
        tests.put("TestShutdown5A", this::shutdown);
        tests.put("TestProgressJoin5A", this::progressJoin);
        tests.put("TestJoinLeave5B", this::joinLeave5B);
        tests.put("TestRecoverCtrler5B", this::recoverController);
        return tests;
    }

    // ---- keys ----

    private static byte[] key(int i) {
        return new byte[] {(byte) (i * 256 / KEYS), 'l', 'a', 'b'};
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private void putAll() {
        values.clear();
        for (int i = 0; i < KEYS; i++) {
            values.put(i, "value " + i);
            fleet.client.put(key(i), bytes(values.get(i)));
        }
    }

    private void appendAll() {
        for (int i = 0; i < KEYS; i++) {
            values.merge(i, "+", String::concat);
            fleet.client.append(key(i), bytes("+"));
        }
    }

    private void checkAll() {
        for (int i = 0; i < KEYS; i++) {
            assertThat(fleet.client.get(key(i)).map(VersionedValue::text))
                    .as("key %d", i)
                    .isEqualTo(Optional.of(values.get(i)));
        }
    }

    /** The keys that are read within the quiet window; each must have its value. */
    private TreeSet<Integer> answered() {
        Map<Integer, CompletableFuture<Optional<VersionedValue>>> gets = new HashMap<>();
        for (int i = 0; i < KEYS; i++) {
            gets.put(i, fleet.async().get(key(i), QUIET));
        }
        TreeSet<Integer> answered = new TreeSet<>();
        gets.forEach((i, get) -> {
            Optional<VersionedValue> value = get.exceptionally(late -> null).join();
            if (value != null) {
                assertThat(value.map(VersionedValue::text)).as("key %d", i).isEqualTo(Optional.of(values.get(i)));
                answered.add(i);
            }
        });
        return answered;
    }

    private static TreeSet<Integer> keysOf(Configuration configuration, long group) {
        TreeSet<Integer> keys = new TreeSet<>();
        for (int i = 0; i < KEYS; i++) {
            if (ownerOf(configuration, key(i)) == group) {
                keys.add(i);
            }
        }
        return keys;
    }

    private static long ownerOf(Configuration configuration, byte[] key) {
        for (Shard shard : configuration.getShardsList()) {
            byte[] start = shard.getStart().toByteArray();
            byte[] end = shard.getEnd().toByteArray();
            if (java.util.Arrays.compareUnsigned(start, key) <= 0
                    && (end.length == 0 || java.util.Arrays.compareUnsigned(key, end) < 0)) {
                return shard.getGroup();
            }
        }
        throw new AssertionError("no shard has the key");
    }

    // ---- groups ----

    private List<Long> bothGroups() throws Exception {
        List<Long> groups = fleet.onlyGroups(replicas);
        fleet.rebalance();
        fleet.settled();
        return groups;
    }

    /** Nodes that no other group needs for its majority; returns once nobody leads the group. */
    private void down(long group, String... nodes) throws Exception {
        for (String node : nodes) {
            fleet.processes.kill(node);
        }
        Poll.until(
                "group " + group + " has no leader",
                ELECTED,
                () -> fleet.leaderNow(group).isEmpty());
    }

    private void up(String... nodes) throws Exception {
        for (String node : nodes) {
            fleet.processes.launch(node);
        }
        for (String node : nodes) {
            fleet.processes.awaitReady(node);
        }
    }

    /** No shard has a target; nodes may be down. */
    private Configuration moved() throws Exception {
        Configuration[] seen = {null};
        Poll.until("no shard moves", MovingFleet.ENDS_WITHIN, () -> {
            seen[0] = fleet.configuration();
            return seen[0].getShardsList().stream().allMatch(shard -> shard.getTarget() == 0);
        });
        return seen[0];
    }

    // ---- old shardkv ----

    /** With one group down exactly the other's keys are answered. */
    private void staticShards() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        Configuration configuration = fleet.configuration();
        down(groups.get(1), "n2", "n4");
        fleet.leader(groups.get(0));
        assertThat(answered()).isEqualTo(keysOf(configuration, groups.get(0)));
        up("n2", "n4");
        checkAll();
        fleet.settled();
    }

    /** All that a group owned is there after it has gone, and its nodes too. */
    private void joinLeave() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        fleet.leave(groups.get(0));
        fleet.settled();
        appendAll();
        fleet.processes.kill("n1");
        fleet.processes.kill("n3");
        checkAll();
        appendAll();
        up("n1", "n3");
        checkAll();
        fleet.settled();
    }

    /** A replica that missed configurations returns, takes part, and is needed at once. */
    private void missChange() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        fleet.processes.kill("n4");
        for (int i = 0; i < 3; i++) {
            for (Shard shard : fleet.configuration().getShardsList()) {
                if (shard.getGroup() != groups.get(i % 2)) {
                    fleet.move(shard.getId(), groups.get(i % 2));
                }
            }
            moved();
            appendAll();
        }
        up("n4");
        fleet.processes.kill("n5");
        checkAll();
        appendAll();
        up("n5");
        checkAll();
        fleet.settled();
    }

    /** Writers, groups that join and leave, and every process ended and started in turn. */
    private void concurrent1() throws Exception {
        try (ModelWriters writers = writers()) {
            List<Long> groups = bothGroups();
            fleet.leave(groups.get(0));
            for (String node : fleet.processes.ids()) {
                fleet.processes.stop(node);
                fleet.restart(node);
            }
            fleet.settled();
            fleet.join(replicas.get(0).toArray(new String[0]));
            fleet.rebalance();
            fleet.settled();
            exact(writers);
        }
    }

    /** Again and again: a group joins, all processes are killed and started, a group leaves. */
    private void concurrent3() throws Exception {
        try (ModelWriters writers = writers()) {
            bothGroups();
            for (int round = 0; round < (full ? 3 : 1); round++) {
                long joined = fleet.join(round % 2 == 0 ? new String[] {"n1", "n3", "n5"} : new String[] {"n2", "n4"});
                fleet.rebalance();
                restartAll();
                fleet.leave(joined);
            }
            fleet.settled();
            exact(writers);
        }
    }

    /** What a group owned already keeps being served while it waits in vain for what a dead group should hand over. */
    private void challenge2Unaffected() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        Configuration before = fleet.configuration();
        down(groups.get(0), "n1", "n4");
        fleet.leave(groups.get(0));
        fleet.leader(groups.get(1));
        assertThat(answered()).isEqualTo(keysOf(before, groups.get(1)));
        for (int i : keysOf(before, groups.get(1))) {
            values.merge(i, "+", String::concat);
            fleet.async().append(key(i), bytes("+"), QUIET).get(1, TimeUnit.MINUTES);
        }
        up("n1", "n4");
        checkAll();
        assertThat(fleet.settled().getGroupsList()).extracting(Group::getId).containsExactly(groups.get(1));
    }

    /** Of two groups that leave one is dead: the shards of the other are served at once where they go. */
    private void challenge2Partial() throws Exception {
        List<Long> groups = fleet.onlyGroups(List.of(replicas.get(0), replicas.get(1), List.of("n2", "n3", "n5")));
        fleet.rebalance();
        fleet.settled();
        putAll();
        Configuration before = fleet.configuration();
        down(groups.get(0), "n1", "n4");
        fleet.leave(groups.get(0));
        FleetChangeReply leaving = fleet.leave(groups.get(2));
        TreeSet<Integer> served = keysOf(before, groups.get(1));
        served.addAll(keysOf(before, groups.get(2)));
        assertThat(leaving.getMovesList())
                .extracting(PlannedMove::getTo)
                .isNotEmpty()
                .containsOnly(groups.get(1));
        Poll.until(
                "the shards of the group that lives have gone over",
                ELECTED,
                () -> fleet.configuration().getShardsList().stream()
                        .noneMatch(shard -> shard.getGroup() == groups.get(2)));
        assertThat(answered()).isEqualTo(served);
        up("n1", "n4");
        checkAll();
        assertThat(fleet.settled().getGroupsList()).extracting(Group::getId).containsExactly(groups.get(1));
    }

    // ---- lab 5 ----

    private void manyJoinLeave() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        List<Long> joined = new ArrayList<>();
        for (int i = 0; i < (full ? 8 : 2); i++) {
            joined.add(fleet.join());
            fleet.rebalance();
        }
        Configuration many = moved();
        assertThat(many.getGroupsCount()).isEqualTo(groups.size() + joined.size());
        checkAll();
        for (long group : joined) {
            fleet.leave(group);
        }
        assertThat(fleet.settled().getGroupsCount()).isEqualTo(groups.size());
        checkAll();
    }

    private void shutdown() throws Exception {
        bothGroups();
        putAll();
        restartAll();
        checkAll();
        appendAll();
        checkAll();
    }

    /** At least 100 reads in 4 s of shards that stay in groups that give and get others. */
    private void progressJoin() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        Configuration before = fleet.configuration();
        long moving = before.getShardsList().stream()
                .filter(shard -> shard.getGroup() == groups.get(0))
                .mapToLong(Shard::getId)
                .max()
                .orElseThrow();
        List<Integer> staying = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            Shard shard = MovingFleet.shard(before, moving);
            byte[] key = key(i);
            boolean moves = java.util.Arrays.compareUnsigned(shard.getStart().toByteArray(), key) <= 0
                    && (shard.getEnd().isEmpty()
                            || java.util.Arrays.compareUnsigned(
                                            key, shard.getEnd().toByteArray())
                                    < 0);
            if (!moves) {
                staying.add(i);
            }
        }
        long end = System.nanoTime() + 4_000_000_000L;
        CompletableFuture<Integer> moves = CompletableFuture.supplyAsync(() -> {
            int count = 0;
            try {
                while (System.nanoTime() < end) {
                    fleet.move(moving, groups.get(++count % 2));
                    moved();
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            return count;
        });
        int reads = 0;
        long slowest = 0;
        while (System.nanoTime() < end) {
            int i = staying.get(reads++ % staying.size());
            long begun = System.nanoTime();
            assertThat(fleet.client.get(key(i)).map(VersionedValue::text)).isEqualTo(Optional.of(values.get(i)));
            slowest = Math.max(slowest, System.nanoTime() - begun);
        }
        System.out.printf(
                "TestProgressJoin5A: %d reads in 4 s (at least 100), the slowest took %d ms, during %d moves%n",
                reads, slowest / 1_000_000, moves.get(2, TimeUnit.MINUTES));
        assertThat(reads).isGreaterThanOrEqualTo(100);
        fleet.settled();
    }

    /** Who leaves waits for a group that is down, on either side; once it is back that ends within 2 s of its leader's election. */
    private void joinLeave5B() throws Exception {
        List<Long> groups = bothGroups();
        putAll();
        down(groups.get(0), "n1", "n4");
        long shardOfLeft = firstOf(groups.get(0));
        fleet.move(shardOfLeft, groups.get(1));
        long shardOfRight = firstOf(groups.get(1));
        fleet.move(shardOfRight, groups.get(0));
        answered();
        assertThat(fleet.configuration().getShardsList())
                .as("shards that wait for the group that is down")
                .filteredOn(shard -> shard.getTarget() != 0)
                .extracting(Shard::getId)
                .containsExactlyInAnyOrder(shardOfLeft, shardOfRight);
        up("n1", "n4");
        fleet.leader(groups.get(0));
        long led = System.nanoTime();
        moved();
        double seconds = (System.nanoTime() - led) / 1e9;
        System.out.printf(
                java.util.Locale.ROOT,
                "TestJoinLeave5B: over %.1f s after the group had a leader again (at most 2)%n",
                seconds);
        assertThat(seconds).isLessThan(2);
        checkAll();
        fleet.settled();
    }

    private long firstOf(long group) throws Exception {
        return fleet.configuration().getShardsList().stream()
                .filter(shard -> shard.getGroup() == group)
                .mapToLong(Shard::getId)
                .findFirst()
                .orElseThrow();
    }

    /** The controller dies in mid-move, while the move can't go on: the next one ends the same change. */
    private void recoverController() throws Exception {
        for (int round = 0; round < (full ? 5 : 1); round++) {
            List<Long> groups = bothGroups();
            putAll();
            Configuration before = fleet.configuration();
            down(groups.get(0), "n1", "n4");
            fleet.leave(groups.get(0));
            up("n1");
            String controller = fleet.leader(0);
            fleet.processes.kill(controller);
            up("n4");
            Configuration after = moved();
            assertThat(after.getNumber()).isGreaterThan(before.getNumber());
            assertThat(after.getShardsList()).extracting(Shard::getGroup).containsOnly(groups.get(1));
            up(controller);
            assertThat(fleet.settled().getGroupsList()).extracting(Group::getId).containsExactly(groups.get(1));
            checkAll();
        }
    }

    // ---- what they share ----

    private ModelWriters writers() {
        return new ModelWriters(fleet.async(), "lab", 10, Duration.ofMillis(20), MovingFleet.PATIENCE).start();
    }

    private void exact(ModelWriters writers) throws Exception {
        writers.stop();
        writers.check();
    }

    private void restartAll() throws Exception {
        String[] all = fleet.processes.ids().toArray(new String[0]);
        fleet.processes.killAll();
        up(all);
    }
}
