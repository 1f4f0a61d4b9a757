package io.flotilla.raft.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Leaves out of a scenario whatever it can do without and still breaks the same property: larger parts first, then smaller
 * ones, down to single commands (Zeller's delta debugging), with a bounded effort.
 */
final class Shortener {
    private static final int MOST_FOR_PAIRS = 60;
    private static final int LEAST_IN_PART = 4;

    private final String broken;
    /** In commands that may be played. */
    private long effortLeft;

    private List<String> best;

    private Shortener(List<String> scenario, String broken, long effort) {
        this.best = scenario;
        this.broken = broken;
        this.effortLeft = effort;
    }

    /**
     * @param effort how many commands may be played for it
     * @return what still breaks, or null if not even the whole scenario does
     */
    static List<String> shorten(List<String> scenario, String broken, long effort) {
        Shortener shortener = new Shortener(scenario, broken, effort);
        if (!shortener.tries(scenario)) {
            return null;
        }
        shortener.tries(
                scenario.stream().flatMap(line -> Stream.of(line.split("; "))).toList());
        int before;
        do {
            before = shortener.size();
            shortener.leaveOutKinds();
            shortener.leaveOutLines();
            shortener.splitTurns();
            shortener.leaveOutPairs();
        } while (shortener.size() < before && shortener.effortLeft > 0);
        return shortener.best;
    }

    /** All that is there to be left out. */
    private int size() {
        return best.stream().mapToInt(String::length).sum();
    }

    private boolean tries(List<String> scenario) {
        if (effortLeft <= 0) {
            return false;
        }
        effortLeft -= scenario.size();
        Playback playback = Playback.of(scenario);
        if (!broken.equals(playback.broken())) {
            return false;
        }
        // what made no sense and was left out may have had an effect all the same
        boolean isSame = broken.equals(Playback.of(playback.lines()).broken());
        best = isSame ? playback.lines() : scenario;
        return true;
    }

    /**
     * Many commands of a kind at once, though others stand between them: most scenarios are about something else than reads, or
     * what clocks show. First all of a kind, then those of one node, then parts of these.
     */
    private void leaveOutKinds() {
        for (String kind : kinds(1)) {
            leaveOutParts(kind, 1);
        }
        for (int parts = 1; parts * LEAST_IN_PART <= best.size(); parts *= 2) {
            for (String kind : kinds(2)) {
                leaveOutParts(kind, parts);
            }
        }
    }

    /** What the commands begin with. */
    private SortedSet<String> kinds(int words) {
        SortedSet<String> kinds = new TreeSet<>();
        for (String line : best) {
            String[] all = line.split(" ", words + 1);
            kinds.add(String.join(" ", List.of(all).subList(0, Math.min(words, all.length))) + " ");
        }
        return kinds;
    }

    private void leaveOutParts(String kind, int parts) {
        for (int part = parts; part > 0; part--) {
            long count =
                    best.stream().filter(line -> (line + " ").startsWith(kind)).count();
            if (count < (long) parts * LEAST_IN_PART) {
                return;
            }
            List<String> scenario = new ArrayList<>();
            int seen = 0;
            for (String line : best) {
                boolean isOfKind = (line + " ").startsWith(kind);
                if (!isOfKind || seen < count * (part - 1) / parts || seen >= count * part / parts) {
                    scenario.add(line);
                }
                seen += isOfKind ? 1 : 0;
            }
            tries(scenario);
        }
    }

    private void leaveOutLines() {
        for (int length = Math.max(1, best.size() / 2); ; length /= 2) {
            // from the end: what comes late depends on what came before, and seldom the other way round
            for (int end = best.size(); end > 0 && effortLeft > 0; ) {
                int from = Math.max(0, end - length);
                List<String> scenario = new ArrayList<>(best.subList(0, from));
                scenario.addAll(best.subList(end, best.size()));
                tries(scenario);
                end = Math.min(from, best.size());
            }
            if (length <= 1 || effortLeft <= 0) {
                return;
            }
        }
    }

    /** What is of no use alone: an entry and the message that carries it. */
    private void leaveOutPairs() {
        for (int first = 0; first < best.size() && best.size() <= MOST_FOR_PAIRS; first++) {
            for (int second = first + 1; second < best.size(); second++) {
                List<String> scenario = new ArrayList<>(best);
                scenario.remove(second);
                scenario.remove(first);
                if (tries(scenario)) {
                    second = first;
                }
            }
        }
    }

    /** Turns of several commands, as turns of their own or with one command less; commands, with fewer details. */
    private void splitTurns() {
        for (int i = best.size() - 1; i >= 0; i--) {
            if (i < best.size()) {
                for (List<String> simpler : simpler(best.get(i))) {
                    List<String> scenario = new ArrayList<>(best.subList(0, i));
                    scenario.addAll(simpler);
                    scenario.addAll(best.subList(i + 1, best.size()));
                    if (tries(scenario)) {
                        break;
                    }
                }
            }
        }
    }

    private static List<List<String>> simpler(String line) {
        List<List<String>> simpler = new ArrayList<>();
        String[] parts = line.split("; ");
        if (parts.length > 1) {
            simpler.add(List.of(parts));
            for (int left = 0; left < parts.length; left++) {
                List<String> rest = new ArrayList<>(List.of(parts));
                rest.remove(left);
                simpler.add(List.of(String.join("; ", rest)));
            }
            return simpler;
        }
        String[] words = line.split(" ");
        if (words[0].equals("tick") && words.length == 2) {
            simpler.add(List.of("campaign " + words[1]));
        } else if ((words[0].equals("restart") || words[0].equals("retire")) && words.length > 2) {
            simpler.add(List.of(words[0] + " " + words[1]));
        } else if (words[0].equals("newcomer") && words.length > 2) {
            simpler.add(List.of("newcomer " + words[1]));
            simpler.addAll(without(words, 2, 2));
        } else if (words[0].equals("change") && words.length > 4) {
            simpler.addAll(without(words, 2, 2));
        } else if (words[0].equals("propose") && (words.length > 3 || words[2].length() > 1)) {
            simpler.add(List.of("propose " + words[1] + " x"));
            simpler.add(List.of("propose " + words[1] + " x".repeat(words.length - 2)));
            simpler.add(List.of(line.substring(0, line.lastIndexOf(' '))));
        } else if (words[0].equals("config") && words.length > 3) {
            simpler.addAll(without(words, 1, 2));
        } else if (words[0].equals("nodes") && words.length > 2) {
            simpler.addAll(without(words, 1, 1));
        } else if (words[0].equals("slow") && words.length > 3) {
            simpler.addAll(without(words, 2, 1));
        }
        return simpler;
    }

    /** The command without some of its words, so many at a time. */
    private static List<List<String>> without(String[] words, int from, int count) {
        List<List<String>> shorter = new ArrayList<>();
        for (int i = from; i < words.length; i += count) {
            List<String> rest = new ArrayList<>(List.of(words));
            rest.subList(i, Math.min(words.length, i + count)).clear();
            shorter.add(List.of(String.join(" ", rest)));
        }
        return shorter;
    }
}
