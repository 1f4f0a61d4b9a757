package io.flotilla.controller.decide;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * Which leaderships should go to other replicas so that all nodes lead as many groups, within one, as far as the placement of
 * replicas lets them. A node with too many need not have a group in common with one that has too few: then leaderships go along
 * the shortest chain of nodes between the two, one for each link. Each chain makes the sum of the squares of all counts less, so that
 * plans that are carried out come to rest; and where no chain is left, no other distribution has a smaller sum. Pure and
 * deterministic.
 */
public final class LeaderSpread {
    /**
     * @param leader a node
     * @param replicas the nodes that have a vote in the group
     */
    public record Led(String leader, List<String> replicas) {}

    /** A leadership that goes from one node to another. */
    public record Transfer(long group, String from, String to) {}

    private final SortedMap<String, Integer> counts = new TreeMap<>();
    /** By leader and by another node that has a replica: the groups, by ascending id. */
    private final Map<String, SortedMap<String, Deque<Long>>> links = new HashMap<>();

    private final Set<Long> planned = new HashSet<>();

    private LeaderSpread(SortedMap<Long, Led> groups, SortedSet<String> takers) {
        takers.forEach(node -> counts.put(node, 0));
        groups.values().forEach(led -> counts.computeIfPresent(led.leader(), (node, count) -> count + 1));
    }

    /**
     * @param groups whose leaders are known
     * @param takers nodes that may be given leaderships, and give theirs away; those of other nodes are left alone
     * @param most transfers, at least 1; a chain that would go beyond is left for the next plan, unless it is the first
     */
    public static List<Transfer> plan(SortedMap<Long, Led> groups, SortedSet<String> takers, int most) {
        LeaderSpread spread = new LeaderSpread(groups, takers);
        if (spread.isEven()) {
            return List.of();
        }
        spread.link(groups);
        return spread.plan(most);
    }

    private boolean isEven() {
        return counts.isEmpty() || Collections.max(counts.values()) - Collections.min(counts.values()) <= 1;
    }

    private void link(SortedMap<Long, Led> groups) {
        groups.forEach((group, led) -> {
            if (counts.containsKey(led.leader())) {
                SortedMap<String, Deque<Long>> from = links.computeIfAbsent(led.leader(), node -> new TreeMap<>());
                for (String node : led.replicas()) {
                    if (counts.containsKey(node) && !node.equals(led.leader())) {
                        from.computeIfAbsent(node, other -> new ArrayDeque<>()).add(group);
                    }
                }
            }
        });
    }

    private List<Transfer> plan(int most) {
        List<Transfer> transfers = new ArrayList<>();
        while (transfers.size() < most) {
            List<String> chain = chain();
            if (chain == null || !transfers.isEmpty() && transfers.size() + chain.size() - 1 > most) {
                break;
            }
            for (int i = 1; i < chain.size(); i++) {
                transfers.add(transfer(chain.get(i - 1), chain.get(i)));
            }
            counts.merge(chain.get(0), -1, Integer::sum);
            counts.merge(chain.get(chain.size() - 1), 1, Integer::sum);
        }
        return transfers;
    }

    private Transfer transfer(String from, String to) {
        long group = links.get(from).get(to).remove();
        planned.add(group);
        return new Transfer(group, from, to);
    }

    /** From a node to another one that leads fewer groups by two at least: of the fullest that has one, the shortest; null if none has. */
    private List<String> chain() {
        List<String> fullest = new ArrayList<>(counts.keySet());
        fullest.sort(Comparator.comparing((String node) -> -counts.get(node)));
        int least = Collections.min(counts.values());
        for (String start : fullest) {
            if (counts.get(start) - least < 2) {
                return null;
            }
            List<String> chain = chainFrom(start);
            if (chain != null) {
                return chain;
            }
        }
        return null;
    }

    private List<String> chainFrom(String start) {
        Map<String, String> cameFrom = new HashMap<>();
        cameFrom.put(start, start);
        Deque<String> next = new ArrayDeque<>(List.of(start));
        while (!next.isEmpty()) {
            String node = next.remove();
            if (counts.get(start) - counts.get(node) >= 2) {
                List<String> chain = new ArrayList<>(List.of(node));
                for (String at = node; !at.equals(start); at = cameFrom.get(at)) {
                    chain.add(cameFrom.get(at));
                }
                Collections.reverse(chain);
                return chain;
            }
            links.getOrDefault(node, Collections.emptySortedMap()).forEach((other, groups) -> {
                // one that goes elsewhere already was found for another link, too
                while (!groups.isEmpty() && planned.contains(groups.peek())) {
                    groups.remove();
                }
                if (!groups.isEmpty() && cameFrom.putIfAbsent(other, node) == null) {
                    next.add(other);
                }
            });
        }
        return null;
    }
}
