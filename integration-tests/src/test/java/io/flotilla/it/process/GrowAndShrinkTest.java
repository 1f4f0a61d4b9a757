package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Shard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Groups join and leave by the command line, under load, while one node after the other is killed: nothing is lost or there twice, as few
 * shards move as possible, and what was foretold is what happens.
 *
 * <p>By default from 2 groups to 3 and back on three nodes; {@code -Dflotilla.moves=full}: from 4 to 8, then to 3, on five.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class GrowAndShrinkTest {
    private static final boolean FULL = ShardMovesTest.FULL;
    private static final int FIRST_GROUPS = FULL ? 4 : 2;
    private static final int MOST_GROUPS = FULL ? 8 : 3;
    private static final int LAST_GROUPS = FULL ? 3 : 2;
    private static final int SHARDS = FULL ? 32 : 6;
    private static final Duration KILL_EVERY = Duration.ofSeconds(FULL ? 20 : 8);
    private static final long COMMAND_SECONDS = 300;
    private static final Pattern MOVE =
            Pattern.compile("move shard=(\\d+) from=(\\d+) to=(\\d+) bytes=\\d+ time=(\\d+)s");

    @TempDir
    Path directory;

    private MovingFleet fleet;

    private record Move(long shard, long from, long to) {}

    /** What a command printed of a plan. */
    private record Plan(List<Move> moves, long seconds) {
        static Plan of(String printed) {
            List<Move> moves = new ArrayList<>();
            long seconds = 0;
            Matcher line = MOVE.matcher(printed);
            while (line.find()) {
                moves.add(new Move(number(line, 1), number(line, 2), number(line, 3)));
                seconds = Math.max(seconds, number(line, 4));
            }
            return new Plan(moves, seconds);
        }

        private static long number(Matcher line, int group) {
            return Long.parseLong(line.group(group));
        }
    }

    @Test
    void groupsJoinAndLeaveUnderLoadWhileNodesAreKilled() throws Exception {
        String[] nodes = FULL ? new String[] {"n1", "n2", "n3", "n4", "n5"} : new String[] {"n1", "n2", "n3"};
        try (ProcessFleet processes =
                new ProcessFleet(directory, FIRST_GROUPS, SHARDS, nodes).withJavaFlags("-Xmx256m")) {
            processes.startAll();
            try (MovingFleet moving = new MovingFleet(processes);
                    ModelWriters writers = new ModelWriters(
                            moving.async(), "w", 2 * SHARDS, Duration.ofMillis(FULL ? 50 : 20), MovingFleet.PATIENCE)) {
                fleet = moving;
                writers.preload(FULL ? 64 << 20 : 2 << 20, 4_000);
                writers.start();
                int kills;
                try (Killer killer = new Killer(moving, KILL_EVERY)) {
                    grow();
                    shrink();
                    kills = killer.stop();
                }
                moving.settled();
                assertThat(run("rebalance", "--dry-run")).isEmpty();
                long longest = writers.longestMillis();
                writers.stop();
                writers.checkDump(processes);
                System.out.printf(
                        "groups %d -> %d -> %d: %d kills; %s; the longest operation took %d ms%n",
                        FIRST_GROUPS, MOST_GROUPS, LAST_GROUPS, kills, writers.summary(), longest);
                run("verify");
            }
        }
    }

    private String run(String... arguments) throws Exception {
        String[] patient = java.util.Arrays.copyOf(arguments, arguments.length + 2);
        patient[arguments.length] = "--timeout";
        patient[arguments.length + 1] = "30s";
        return fleet.processes
                .finish(fleet.processes.begin(patient), null, COMMAND_SECONDS)
                .ok();
    }

    private void grow() throws Exception {
        for (int groups = FIRST_GROUPS; groups < MOST_GROUPS; groups++) {
            run("groups", "join", "--wait");
        }
        change("rebalance");
        assertThat(run("rebalance", "--dry-run")).isEmpty();
    }

    private void shrink() throws Exception {
        for (int groups = MOST_GROUPS; groups > LAST_GROUPS; groups--) {
            List<Group> present = fleet.configuration().getGroupsList();
            assertThat(present).hasSize(groups);
            change("groups", "leave", Long.toString(present.get(0).getId()));
        }
    }

    /** Foretells it, does it, and compares the two; unless the controller got another leader between, who may plan otherwise. */
    private void change(String... verb) throws Exception {
        Configuration before = fleet.configuration();
        long term = fleet.term(0);
        Plan foretold = Plan.of(run(and(verb, "--dry-run")));
        long begun = System.nanoTime();
        CompletableFuture<Plan> running = new CompletableFuture<>();
        Thread command = new Thread(
                () -> {
                    try {
                        running.complete(Plan.of(run(and(verb, "--wait"))));
                    } catch (Exception | AssertionError e) {
                        running.completeExceptionally(e);
                    }
                },
                String.join(" ", verb));
        command.setDaemon(true);
        command.start();
        Set<Long> shards = foretold.moves.stream().map(Move::shard).collect(Collectors.toSet());
        Poll.until(
                "the moves are over, or the command has failed",
                Duration.ofSeconds(COMMAND_SECONDS),
                () -> running.isDone()
                        || fleet.configuration().getShardsList().stream()
                                .noneMatch(shard -> shards.contains(shard.getId())
                                        && shard.getEpoch()
                                                == MovingFleet.shard(before, shard.getId())
                                                        .getEpoch()));
        double moved = (System.nanoTime() - begun) / 1e9;
        Plan done = running.get(COMMAND_SECONDS, TimeUnit.SECONDS);
        double ended = (System.nanoTime() - begun) / 1e9;
        boolean isOneTerm = fleet.term(0) == term;
        Configuration after = fleet.configuration();
        int least = leastMoves(before, verb.length == 1 ? 0 : Long.parseLong(verb[2]));
        System.out.printf(
                Locale.ROOT,
                "%s: %d moves (at least %d are needed), foretold %d s, took %.1f s; the command %.1f s%s%n",
                String.join(" ", verb),
                done.moves.size(),
                least,
                foretold.seconds,
                moved,
                ended,
                isOneTerm ? "" : "; the controller got another leader meanwhile");
        if (isOneTerm) {
            assertThat(done.moves).isEqualTo(foretold.moves);
        }
        assertThat(done.moves).hasSize(least);
        for (Shard shard : before.getShardsList()) {
            Shard now = MovingFleet.shard(after, shard.getId());
            long to = done.moves.stream()
                    .filter(move -> move.shard == shard.getId())
                    .mapToLong(Move::to)
                    .findFirst()
                    .orElse(shard.getGroup());
            assertThat(now.getGroup()).as("the owner of shard " + shard.getId()).isEqualTo(to);
            assertThat(now.getEpoch())
                    .as("the epoch of shard " + shard.getId())
                    .isEqualTo(shard.getEpoch() + (to == shard.getGroup() ? 0 : 1));
        }
        if (FULL) {
            assertThat(moved).as("seconds of " + String.join(" ", verb)).isLessThanOrEqualTo(2.0 * foretold.seconds);
        }
    }

    private static String[] and(String[] verb, String option) {
        String[] all = java.util.Arrays.copyOf(verb, verb.length + 1);
        all[verb.length] = option;
        return all;
    }

    /** That make the counts of all groups but the leaving one equal within one. */
    private static int leastMoves(Configuration configuration, long leaving) {
        TreeMap<Long, Integer> counts = new TreeMap<>();
        configuration.getGroupsList().forEach(group -> counts.put(group.getId(), 0));
        configuration.getShardsList().forEach(shard -> counts.merge(shard.getGroup(), 1, Integer::sum));
        Integer gone = counts.remove(leaving);
        int moves = gone == null ? 0 : gone;
        int shards = configuration.getShardsCount();
        int larger = shards % counts.size();
        List<Integer> sorted = new ArrayList<>(counts.values());
        sorted.sort(Comparator.reverseOrder());
        for (int i = 0; i < sorted.size(); i++) {
            moves += Math.max(0, sorted.get(i) - shards / counts.size() - (i < larger ? 1 : 0));
        }
        return moves;
    }
}
