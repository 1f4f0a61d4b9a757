package io.flotilla.controller.decide;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which shards have to go elsewhere so that all groups have equally many. Pure and deterministic; the order of what is given does
 * not matter; takes n log n time.
 *
 * <p>Counts end within one of each other, or as near to that as roles and shards that stay allow: the sum of their squares is the
 * least that is possible. Of the plans that get there, one with the fewest moves is taken; of these, one that brings the groups'
 * weights near each other, by a rule of thumb. Once a plan's moves are done, or counted as done, there is nothing left to plan.
 */
public final class Balancer {
    /** What a plan may do with a group. */
    public enum Role {
        /** It may get shards and give some. */
        TAKES,
        /** It gets none. */
        KEEPS,
        /** It gets none and gives all. */
        LEAVES
    }

    /** One group. */
    public record Holder(long group, Role role) {}

    /**
     * One shard.
     *
     * @param group that has it, or will have it when what is under way is done
     * @param mayMove false for one that is under way, or that shall stay
     * @param weight from 0; only the proportions mean something
     */
    public record Placed(long shard, long group, boolean mayMove, double weight) {}

    /** The shard shall go from one group to another. */
    public record Relocation(long shard, long from, long to) {}

    private static final Comparator<Placed> BY_WEIGHT =
            Comparator.comparingDouble(Placed::weight).thenComparingLong(Placed::shard);

    private Balancer() {}

    /**
     * The moves, by ascending shard. None if no group takes shards.
     *
     * @param holders all groups that have shards, and all that may get some
     * @throws IllegalArgumentException if a shard is in no group that is named
     */
    public static List<Relocation> plan(Collection<Holder> holders, Collection<Placed> shards) {
        List<Side> sides = sides(holders, shards);
        if (sides.stream().noneMatch(side -> side.role == Role.TAKES)) {
            return List.of();
        }
        setGoals(sides);
        double mean = meanWeight(sides);
        List<Placed> given = new ArrayList<>();
        for (Side side : sides) {
            given.addAll(side.give(mean));
        }
        return distribute(given, sides);
    }

    /**
     * Whether the other plan does as well as one that was planned: as many moves, all allowed, and the same counts after them.
     * Weights don't matter: they change all the time.
     */
    public static boolean isAsGood(
            Collection<Holder> holders, Collection<Placed> shards, List<Relocation> planned, List<Relocation> other) {
        if (other.size() != planned.size()) {
            return false;
        }
        Map<Long, Role> roles = new HashMap<>();
        holders.forEach(holder -> roles.put(holder.group(), holder.role()));
        Map<Long, Placed> movable = new HashMap<>();
        TreeMap<Long, Integer> counts = new TreeMap<>();
        for (Placed shard : shards) {
            counts.merge(shard.group(), 1, Integer::sum);
            if (shard.mayMove()) {
                movable.put(shard.shard(), shard);
            }
        }
        for (Relocation move : other) {
            // each shard once
            Placed shard = movable.remove(move.shard());
            boolean isAllowed = shard != null
                    && shard.group() == move.from()
                    && move.to() != move.from()
                    && roles.get(move.to()) == Role.TAKES;
            if (!isAllowed) {
                return false;
            }
        }
        return after(counts, planned).equals(after(counts, other));
    }

    /** How many shards the groups have after the plan, in ascending order. */
    private static List<Integer> after(Map<Long, Integer> counts, List<Relocation> plan) {
        TreeMap<Long, Integer> after = new TreeMap<>(counts);
        for (Relocation move : plan) {
            after.merge(move.from(), -1, Integer::sum);
            after.merge(move.to(), 1, Integer::sum);
        }
        return after.values().stream().filter(count -> count > 0).sorted().toList();
    }

    /** A group in the making of a plan. */
    private static final class Side {
        final long group;
        final Role role;
        final List<Placed> movable = new ArrayList<>();
        int count;
        int goal;
        double weight;
        double fixedWeight;

        Side(Holder holder) {
            this.group = holder.group();
            this.role = holder.role();
        }

        void add(Placed shard) {
            count++;
            weight += shard.weight();
            if (shard.mayMove()) {
                movable.add(shard);
            } else {
                fixedWeight += shard.weight();
            }
        }

        int least() {
            return count - movable.size();
        }

        int most() {
            return role == Role.TAKES ? Integer.MAX_VALUE : count;
        }

        int at(int level) {
            return Math.max(least(), Math.min(level, most()));
        }

        /** As many as are too many, so that the weight of the others is near the mean. */
        List<Placed> give(double mean) {
            int surplus = count - goal;
            if (surplus <= 0) {
                return List.of();
            }
            if (surplus == movable.size()) {
                return movable;
            }
            TreeSet<Placed> left = new TreeSet<>(BY_WEIGHT);
            left.addAll(movable);
            double excess = weight - mean;
            List<Placed> given = new ArrayList<>(surplus);
            for (int more = surplus; more > 0; more--) {
                double wanted = excess / more;
                Placed heavier = left.ceiling(new Placed(Long.MIN_VALUE, group, true, wanted));
                Placed lighter = left.lower(new Placed(Long.MIN_VALUE, group, true, wanted));
                boolean takesHeavier =
                        lighter == null || heavier != null && heavier.weight() - wanted <= wanted - lighter.weight();
                Placed chosen = takesHeavier ? heavier : lighter;
                left.remove(chosen);
                given.add(chosen);
                excess -= chosen.weight();
            }
            return given;
        }
    }

    private static List<Side> sides(Collection<Holder> holders, Collection<Placed> shards) {
        List<Side> sides = holders.stream()
                .sorted(Comparator.comparingLong(Holder::group))
                .map(Side::new)
                .toList();
        Map<Long, Side> byGroup = new HashMap<>(sides.size() * 2);
        sides.forEach(side -> byGroup.put(side.group, side));
        Placed[] ordered = shards.toArray(new Placed[0]);
        Arrays.sort(ordered, Comparator.comparingLong(Placed::shard));
        for (Placed shard : ordered) {
            Side side = byGroup.get(shard.group());
            if (side == null) {
                throw new IllegalArgumentException(
                        "shard " + shard.shard() + " is in group " + shard.group() + ", which is not named");
            }
            side.add(shard);
        }
        return sides;
    }

    /**
     * How many shards each group shall have: a level that all are at or one above, but for those that have too many that stay, or too
     * few and get none.
     */
    private static void setGoals(List<Side> sides) {
        List<Side> level = new ArrayList<>();
        int total = 0;
        for (Side side : sides) {
            if (side.role == Role.LEAVES) {
                side.goal = side.least();
                total += side.movable.size();
            } else {
                level.add(side);
                total += side.count;
            }
        }
        int low = 0;
        int high = total;
        while (low < high) {
            int middle = low + (high - low + 1) / 2;
            if (sum(level, middle) <= total) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        int reached = low;
        level.forEach(side -> side.goal = side.at(reached));
        long rest = total - sum(level, reached);
        level.stream()
                .filter(side -> side.at(reached + 1) > reached && side.goal == reached)
                // who has one more already keeps it: a move less
                .sorted(Comparator.<Side, Boolean>comparing(side -> side.count <= reached)
                        .thenComparingDouble(side -> side.weight)
                        .thenComparingLong(side -> side.group))
                .limit(rest)
                .forEach(side -> side.goal++);
    }

    private static long sum(List<Side> sides, int level) {
        long sum = 0;
        for (Side side : sides) {
            sum += side.at(level);
        }
        return sum;
    }

    private static double meanWeight(List<Side> sides) {
        double weight = 0;
        int groups = 0;
        for (Side side : sides) {
            weight += side.role == Role.LEAVES ? side.weight - side.fixedWeight : side.weight;
            groups += side.role == Role.LEAVES ? 0 : 1;
        }
        return weight / groups;
    }

    /** The heaviest first, each to the group that is the lightest then. */
    private static List<Relocation> distribute(List<Placed> given, List<Side> sides) {
        Map<Long, Side> givers = new HashMap<>();
        sides.forEach(side -> givers.put(side.group, side));
        given.forEach(shard -> givers.get(shard.group()).weight -= shard.weight());
        PriorityQueue<Side> takers = new PriorityQueue<>(
                Comparator.<Side>comparingDouble(side -> side.weight).thenComparingLong(side -> side.group));
        for (Side side : sides) {
            if (side.count < side.goal) {
                takers.add(side);
            }
        }
        List<Placed> heaviestFirst = new ArrayList<>(given);
        heaviestFirst.sort(Comparator.comparingDouble(Placed::weight).reversed().thenComparingLong(Placed::shard));
        List<Relocation> plan = new ArrayList<>(given.size());
        for (Placed shard : heaviestFirst) {
            Side taker = takers.remove();
            plan.add(new Relocation(shard.shard(), shard.group(), taker.group));
            taker.weight += shard.weight();
            taker.count++;
            if (taker.count < taker.goal) {
                takers.add(taker);
            }
        }
        plan.sort(Comparator.comparingLong(Relocation::shard));
        return plan;
    }
}
