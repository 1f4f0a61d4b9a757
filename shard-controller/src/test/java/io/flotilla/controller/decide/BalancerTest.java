package io.flotilla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.controller.decide.Balancer.Holder;
import io.flotilla.controller.decide.Balancer.Placed;
import io.flotilla.controller.decide.Balancer.Relocation;
import io.flotilla.controller.decide.Balancer.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BalancerTest {
    /** A fleet at random; weights are 0 in every other one. */
    private record Fleet(List<Holder> holders, List<Placed> shards) {
        static Fleet random(SplittableRandom random, int mostGroups, int mostShards, boolean plain) {
            int groups = 1 + random.nextInt(mostGroups);
            List<Holder> holders = new ArrayList<>();
            for (int g = 1; g <= groups; g++) {
                int role = random.nextInt(6);
                holders.add(new Holder(g, plain || role > 1 ? Role.TAKES : role == 0 ? Role.KEEPS : Role.LEAVES));
            }
            int shards = random.nextInt(mostShards + 1);
            boolean weighs = random.nextBoolean();
            int crowded = 1 + random.nextInt(groups);
            List<Placed> placed = new ArrayList<>();
            for (int s = 1; s <= shards; s++) {
                int group = 1 + random.nextInt(random.nextBoolean() ? crowded : groups);
                boolean mayMove = plain || random.nextInt(5) > 0;
                placed.add(new Placed(s, group, mayMove, weighs ? random.nextInt(10) : 0));
            }
            return new Fleet(holders, placed);
        }

        Map<Long, Integer> counts(List<Relocation> plan) {
            TreeMap<Long, Integer> counts = new TreeMap<>();
            holders.forEach(holder -> counts.put(holder.group(), 0));
            shards.forEach(shard -> counts.merge(shard.group(), 1, Integer::sum));
            for (Relocation move : plan) {
                counts.merge(move.from(), -1, Integer::sum);
                counts.merge(move.to(), 1, Integer::sum);
            }
            return counts;
        }

        /** After the plan. @param arrived whether the moves are done, or only under way */
        Fleet after(List<Relocation> plan, boolean arrived) {
            TreeMap<Long, Long> moved = new TreeMap<>();
            plan.forEach(move -> moved.put(move.shard(), move.to()));
            List<Placed> next = new ArrayList<>();
            for (Placed shard : shards) {
                Long to = moved.get(shard.shard());
                next.add(
                        to == null ? shard : new Placed(shard.shard(), to, arrived && shard.mayMove(), shard.weight()));
            }
            return new Fleet(holders, next);
        }

        double unevenness() {
            TreeMap<Long, Double> weights = new TreeMap<>();
            holders.forEach(holder -> weights.put(holder.group(), 0.0));
            shards.forEach(shard -> weights.merge(shard.group(), shard.weight(), Double::sum));
            return Collections.max(weights.values()) - Collections.min(weights.values());
        }

        List<Relocation> plan() {
            return Balancer.plan(holders, shards);
        }
    }

    /** What every plan has to be: each shard that moves may, goes from where it is to another group that takes shards. */
    private static void assertAllowed(Fleet fleet, List<Relocation> plan, String as) {
        Map<Long, Role> roles = new TreeMap<>();
        fleet.holders.forEach(holder -> roles.put(holder.group(), holder.role()));
        long last = 0;
        for (Relocation move : plan) {
            assertThat(move.shard()).as(as + ": each once, in order").isGreaterThan(last);
            last = move.shard();
            Placed shard = fleet.shards.get((int) move.shard() - 1);
            assertThat(shard.mayMove()).as(as).isTrue();
            assertThat(move.from()).as(as).isEqualTo(shard.group()).isNotEqualTo(move.to());
            assertThat(roles.get(move.to())).as(as).isEqualTo(Role.TAKES);
        }
    }

    @Test
    void withinOneByTheFewestMovesAndThenNothingIsLeftToDo() {
        for (long seed = 0; seed < 3_000; seed++) {
            Fleet fleet = Fleet.random(new SplittableRandom(seed), 12, 60, true);
            List<Relocation> plan = fleet.plan();
            String as = "seed " + seed;
            assertAllowed(fleet, plan, as);
            Map<Long, Integer> counts = fleet.counts(plan);
            int most = Collections.max(counts.values());
            assertThat(most - Collections.min(counts.values())).as(as).isLessThanOrEqualTo(1);
            // what is above the level has to go, and of those that may stay one above it there are only so many
            int level = fleet.shards.size() / counts.size();
            int above = fleet.shards.size() % counts.size();
            int surplus = 0;
            for (int count : fleet.counts(List.of()).values()) {
                surplus += Math.max(0, count - level - (count > level && above-- > 0 ? 1 : 0));
            }
            assertThat(plan).as(as).hasSize(surplus);
            assertThat(fleet.after(plan, true).plan()).as(as).isEmpty();
            assertThat(fleet.after(plan, false).plan()).as(as).isEmpty();
        }
    }

    @Test
    void aPlanOfOtherWeightsDoesAsWellUnlessItIsNotAllowedAnyMore() {
        int other = 0;
        for (long seed = 0; seed < 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Fleet fleet = Fleet.random(random, 6, 30, false);
            List<Placed> reweighed = fleet.shards.stream()
                    .map(shard -> new Placed(shard.shard(), shard.group(), shard.mayMove(), random.nextInt(10)))
                    .toList();
            List<Relocation> plan = fleet.plan();
            List<Relocation> foreseen = Balancer.plan(fleet.holders, reweighed);
            String as = "seed " + seed;
            assertThat(Balancer.isAsGood(fleet.holders, fleet.shards, plan, foreseen))
                    .as(as)
                    .isTrue();
            if (plan.isEmpty()) {
                continue;
            }
            other += plan.equals(foreseen) ? 0 : 1;
            Relocation first = foreseen.get(0);
            List<Holder> noTaker = fleet.holders.stream()
                    .map(holder -> holder.group() == first.to() ? new Holder(holder.group(), Role.KEEPS) : holder)
                    .toList();
            List<Placed> gone = fleet.shards.stream()
                    .map(shard -> shard.shard() == first.shard()
                            ? new Placed(shard.shard(), shard.group(), false, shard.weight())
                            : shard)
                    .toList();
            List<Relocation> twice = new ArrayList<>(foreseen);
            twice.set(foreseen.size() - 1, first);
            assertThat(Balancer.isAsGood(noTaker, fleet.shards, plan, foreseen))
                    .as(as)
                    .isFalse();
            assertThat(Balancer.isAsGood(fleet.holders, gone, plan, foreseen))
                    .as(as)
                    .isFalse();
            assertThat(Balancer.isAsGood(fleet.holders, fleet.shards, plan, twice))
                    .as(as)
                    .isEqualTo(foreseen.size() == 1);
            assertThat(Balancer.isAsGood(fleet.holders, fleet.shards, plan, foreseen.subList(1, foreseen.size())))
                    .as(as)
                    .isFalse();
        }
        assertThat(other).as("plans that differ by weights").isGreaterThan(100);
    }

    @Test
    void noPlanIsEvenerOrHasFewerMovesWhateverStaysLeavesOrHasNoLeader() {
        int planned = 0;
        for (long seed = 0; seed < 4_000; seed++) {
            Fleet fleet = Fleet.random(new SplittableRandom(seed), 4, 6, false);
            List<Relocation> plan = fleet.plan();
            String as = "seed " + seed;
            assertAllowed(fleet, plan, as);
            assertThat(fleet.after(plan, true).plan()).as(as + ", done").isEmpty();
            assertThat(fleet.after(plan, false).plan()).as(as + ", under way").isEmpty();
            if (fleet.holders.stream().noneMatch(holder -> holder.role() == Role.TAKES)) {
                assertThat(plan).isEmpty();
                continue;
            }
            planned += plan.size();
            long[] least = {Long.MAX_VALUE};
            everyWay(fleet, 0, new ArrayList<>(), least);
            assertThat(cost(fleet, plan)).as(as).isEqualTo(least[0]);
        }
        assertThat(planned).isGreaterThan(2_000);
    }

    /** Tries each group for each shard that may move. */
    private static void everyWay(Fleet fleet, int at, List<Relocation> moves, long[] least) {
        if (at == fleet.shards.size()) {
            least[0] = Math.min(least[0], cost(fleet, moves));
            return;
        }
        everyWay(fleet, at + 1, moves, least);
        Placed shard = fleet.shards.get(at);
        for (Holder to : fleet.holders) {
            if (shard.mayMove() && to.role() == Role.TAKES && to.group() != shard.group()) {
                moves.add(new Relocation(shard.shard(), shard.group(), to.group()));
                everyWay(fleet, at + 1, moves, least);
                moves.remove(moves.size() - 1);
            }
        }
    }

    /** First that groups which leave have given all, then that the others are even, then the number of moves. */
    private static long cost(Fleet fleet, List<Relocation> plan) {
        Map<Long, Integer> counts = fleet.counts(plan);
        long left = 0;
        long squares = 0;
        for (Holder holder : fleet.holders) {
            long count = counts.get(holder.group());
            left += holder.role() == Role.LEAVES ? count : 0;
            squares += holder.role() == Role.LEAVES ? 0 : count * count;
        }
        return left * 1_000_000 + squares * 1_000 + plan.size();
    }

    @Test
    void theOrderOfWhatIsGivenDoesNotMatter() {
        for (long seed = 0; seed < 300; seed++) {
            Fleet fleet = Fleet.random(new SplittableRandom(seed), 9, 40, false);
            List<Holder> holders = new ArrayList<>(fleet.holders);
            List<Placed> shards = new ArrayList<>(fleet.shards);
            Collections.shuffle(holders, new Random(seed));
            Collections.shuffle(shards, new Random(seed));
            assertThat(Balancer.plan(holders, shards)).as("seed " + seed).isEqualTo(fleet.plan());
        }
    }

    @Test
    void amongThePlansWithTheFewestMovesWeightsChoose() {
        // one heavy shard of two groups' four; the third group gets two
        List<Holder> holders = List.of(new Holder(1, Role.TAKES), new Holder(2, Role.TAKES), new Holder(3, Role.TAKES));
        List<Placed> shards = List.of(
                new Placed(1, 1, true, 30),
                new Placed(2, 1, true, 10),
                new Placed(3, 1, true, 10),
                new Placed(4, 2, true, 1),
                new Placed(5, 2, true, 2),
                new Placed(6, 2, true, 1));
        assertThat(Balancer.plan(holders, shards)).containsExactly(new Relocation(1, 1, 3), new Relocation(4, 2, 3));

        double weighed = 0;
        double blind = 0;
        for (long seed = 0; seed < 500; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Fleet fleet = Fleet.random(random, 8, 60, true);
            List<Placed> heavy = new ArrayList<>();
            List<Placed> plain = new ArrayList<>();
            for (Placed shard : fleet.shards) {
                heavy.add(new Placed(shard.shard(), shard.group(), true, 1 + random.nextInt(100)));
                plain.add(new Placed(shard.shard(), shard.group(), true, 1));
            }
            Fleet loaded = new Fleet(fleet.holders, heavy);
            weighed += loaded.after(loaded.plan(), true).unevenness();
            blind += loaded.after(new Fleet(fleet.holders, plain).plan(), true).unevenness();
        }
        System.out.printf(
                Locale.ROOT, "unevenness of weights: %.0f planned by weights, %.0f planned without%n", weighed, blind);
        assertThat(weighed).isLessThan(0.8 * blind);
    }

    @Test
    void aGroupThatLeavesGivesAllAndGetsNothing() {
        List<Holder> holders =
                List.of(new Holder(1, Role.TAKES), new Holder(2, Role.LEAVES), new Holder(3, Role.KEEPS));
        List<Placed> shards = List.of(new Placed(1, 2, true, 0), new Placed(2, 2, true, 0), new Placed(3, 2, false, 0));
        assertThat(Balancer.plan(holders, shards)).containsExactly(new Relocation(1, 2, 1), new Relocation(2, 2, 1));
        assertThat(Balancer.plan(holders.subList(1, 3), shards))
                .as("nobody takes them")
                .isEmpty();
        assertThatThrownBy(() -> Balancer.plan(holders.subList(0, 1), shards))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("group 2");
    }

    @Test
    void tenThousandGroupsWithAHundredThousandShards() {
        run(1_000, 10_000);
        run(10_000, 100_000);
        double small = run(1_000, 10_000);
        double large = run(10_000, 100_000);
        System.out.printf(
                Locale.ROOT, "a plan for 100,000 shards on 10,000 groups: %.3f s; for a tenth: %.3f s%n", large, small);
        assertThat(large).isLessThan(30 * small + 1);
    }

    private static double run(int groups, int shards) {
        SplittableRandom random = new SplittableRandom(7);
        List<Holder> holders = new ArrayList<>();
        for (int g = 1; g <= groups; g++) {
            holders.add(new Holder(g, g % 100 == 0 ? Role.LEAVES : Role.TAKES));
        }
        List<Placed> placed = new ArrayList<>();
        for (int s = 1; s <= shards; s++) {
            placed.add(new Placed(s, 1 + random.nextInt(groups / 2), true, random.nextInt(1_000)));
        }
        long since = System.nanoTime();
        List<Relocation> plan = Balancer.plan(holders, placed);
        double seconds = (System.nanoTime() - since) / 1e9;
        assertThat(plan.size()).isGreaterThan(shards / 3);
        return seconds;
    }
}
