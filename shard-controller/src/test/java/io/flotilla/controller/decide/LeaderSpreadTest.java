package io.flotilla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.controller.decide.LeaderSpread.Led;
import io.flotilla.controller.decide.LeaderSpread.Transfer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LeaderSpreadTest {
    private static SortedSet<String> nodes(String... nodes) {
        return new TreeSet<>(List.of(nodes));
    }

    private static SortedMap<String, Integer> counts(SortedMap<Long, Led> groups, SortedSet<String> takers) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        takers.forEach(node -> counts.put(node, 0));
        groups.values().forEach(led -> counts.computeIfPresent(led.leader(), (node, count) -> count + 1));
        return counts;
    }

    private static void carryOut(SortedMap<Long, Led> groups, List<Transfer> transfers) {
        for (Transfer transfer : transfers) {
            Led led = groups.get(transfer.group());
            assertThat(led.leader()).isEqualTo(transfer.from());
            assertThat(led.replicas()).contains(transfer.to());
            groups.put(transfer.group(), new Led(transfer.to(), led.replicas()));
        }
    }

    @Test
    void aNodeThatCameBackIsGivenItsShare() {
        SortedMap<Long, Led> groups = new TreeMap<>();
        for (long group = 1; group <= 9; group++) {
            groups.put(group, new Led(group <= 5 ? "n1" : "n2", List.of("n1", "n2", "n3")));
        }
        List<Transfer> plan = LeaderSpread.plan(groups, nodes("n1", "n2", "n3"), 100);
        assertThat(plan).hasSize(3);
        carryOut(groups, plan);
        assertThat(counts(groups, nodes("n1", "n2", "n3")).values()).containsExactly(3, 3, 3);
    }

    @Test
    void nodesWithoutACommonGroupHelpThroughOthers() {
        SortedMap<Long, Led> groups = new TreeMap<>();
        groups.put(1L, new Led("n1", List.of("n1", "n2")));
        groups.put(2L, new Led("n1", List.of("n1", "n2")));
        groups.put(3L, new Led("n2", List.of("n2", "n3")));
        List<Transfer> plan = LeaderSpread.plan(groups, nodes("n1", "n2", "n3"), 1);
        assertThat(plan).containsExactly(new Transfer(1, "n1", "n2"), new Transfer(3, "n2", "n3"));
    }

    @Test
    void oneMoreIsNoReason() {
        SortedMap<Long, Led> groups = new TreeMap<>();
        groups.put(1L, new Led("n1", List.of("n1", "n2")));
        groups.put(2L, new Led("n1", List.of("n1", "n2")));
        groups.put(3L, new Led("n2", List.of("n1", "n2")));
        assertThat(LeaderSpread.plan(groups, nodes("n1", "n2"), 10)).isEmpty();
    }

    @Test
    void whoTakesNoneKeepsItsOwn() {
        SortedMap<Long, Led> groups = new TreeMap<>();
        for (long group = 1; group <= 6; group++) {
            groups.put(group, new Led(group <= 2 ? "slow" : "n1", List.of("n1", "n2", "slow")));
        }
        List<Transfer> plan = LeaderSpread.plan(groups, nodes("n1", "n2"), 10);
        assertThat(plan)
                .hasSize(2)
                .allMatch(transfer ->
                        transfer.from().equals("n1") && transfer.to().equals("n2"));
    }

    /** Whatever the placement and the leaders: some plans later all is as even as it can be, and the next plan is empty. */
    @Test
    void anyStateComesToRestAsEvenAsItCanBe() {
        for (long seed = 1; seed <= 3_000; seed++) {
            Random random = new Random(seed);
            SortedSet<String> all = new TreeSet<>();
            int nodeCount = 2 + random.nextInt(4);
            for (int i = 1; i <= nodeCount; i++) {
                all.add("n" + i);
            }
            SortedSet<String> takers = new TreeSet<>(all);
            takers.removeIf(node -> random.nextInt(6) == 0);
            SortedMap<Long, Led> groups = new TreeMap<>();
            int groupCount = random.nextInt(8);
            for (long group = 1; group <= groupCount; group++) {
                List<String> replicas = new ArrayList<>(all);
                Collections.shuffle(replicas, random);
                replicas = replicas.subList(0, Math.min(nodeCount, 1 + random.nextInt(3)));
                groups.put(group, new Led(replicas.get(0), replicas));
            }
            int most = 1 + random.nextInt(3);
            int rounds = 0;
            long sum = squares(groups, takers);
            for (List<Transfer> plan = LeaderSpread.plan(groups, takers, most);
                    !plan.isEmpty();
                    plan = LeaderSpread.plan(groups, takers, most)) {
                carryOut(groups, plan);
                assertThat(squares(groups, takers)).as("seed %d", seed).isLessThan(sum);
                sum = squares(groups, takers);
                assertThat(++rounds).as("seed %d", seed).isLessThanOrEqualTo(groupCount);
            }
            assertThat(sum).as("seed %d", seed).isEqualTo(least(groups, takers));
        }
    }

    private static long squares(SortedMap<Long, Led> groups, SortedSet<String> takers) {
        return counts(groups, takers).values().stream()
                .mapToLong(count -> (long) count * count)
                .sum();
    }

    /** Of all distributions of the leaderships that takers have. */
    private static long least(SortedMap<Long, Led> groups, SortedSet<String> takers) {
        List<List<String>> choices = new ArrayList<>();
        for (Led led : groups.values()) {
            if (takers.contains(led.leader())) {
                choices.add(led.replicas().stream().filter(takers::contains).toList());
            }
        }
        return least(choices, 0, new TreeMap<>());
    }

    private static long least(List<List<String>> choices, int from, SortedMap<String, Integer> counts) {
        if (from == choices.size()) {
            return counts.values().stream()
                    .mapToLong(count -> (long) count * count)
                    .sum();
        }
        long least = Long.MAX_VALUE;
        for (String node : choices.get(from)) {
            counts.merge(node, 1, Integer::sum);
            least = Math.min(least, least(choices, from + 1, counts));
            counts.merge(node, -1, Integer::sum);
        }
        return least;
    }

    @Test
    void tenThousandGroupsArePlannedInOneGo() {
        SortedMap<Long, Led> groups = new TreeMap<>();
        for (long group = 1; group <= 10_000; group++) {
            groups.put(group, new Led(group % 2 == 0 ? "n1" : "n2", List.of("n1", "n2", "n3")));
        }
        carryOut(groups, LeaderSpread.plan(groups, nodes("n1", "n2", "n3"), 10_000));
        assertThat(counts(groups, nodes("n1", "n2", "n3")).values()).allMatch(count -> count == 3333 || count == 3334);
    }
}
