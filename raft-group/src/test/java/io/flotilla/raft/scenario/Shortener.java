package io.flotilla.raft.scenario;

import java.util.ArrayList;
import java.util.List;

/**
 * Leaves out of a story whatever it can do without and still breaks the same property: larger parts first, then smaller
 * ones, down to single commands (Zeller's delta debugging), in a bounded number of tries.
 */
final class Shortener {
    private static final int MOST_FOR_PAIRS = 60;

    private final String broken;
    private int triesLeft;
    private List<String> best;

    private Shortener(List<String> story, String broken, int tries) {
        this.best = story;
        this.broken = broken;
        this.triesLeft = tries;
    }

    static List<String> shorten(List<String> story, String broken, int tries) {
        Shortener shortener = new Shortener(story, broken, tries);
        int before;
        do {
            before = shortener.size();
            shortener.leaveOutLines();
            shortener.splitTurns();
            shortener.leaveOutPairs();
        } while (shortener.size() < before && shortener.triesLeft > 0);
        return shortener.best;
    }

    /** All that is there to be left out. */
    private int size() {
        return best.stream().mapToInt(String::length).sum();
    }

    private boolean tries(List<String> story) {
        if (triesLeft <= 0) {
            return false;
        }
        triesLeft--;
        Playback playback = Playback.of(story);
        if (!broken.equals(playback.broken())) {
            return false;
        }
        best = playback.lines();
        return true;
    }

    private void leaveOutLines() {
        for (int length = Math.max(1, best.size() / 2); ; length /= 2) {
            // from the end: what comes late depends on what came before, and seldom the other way round
            for (int end = best.size(); end > 0 && triesLeft > 0; ) {
                int from = Math.max(0, end - length);
                List<String> story = new ArrayList<>(best.subList(0, from));
                story.addAll(best.subList(end, best.size()));
                tries(story);
                end = Math.min(from, best.size());
            }
            if (length <= 1 || triesLeft <= 0) {
                return;
            }
        }
    }

    /** What is of no use alone: an entry and the message that carries it. */
    private void leaveOutPairs() {
        for (int first = 0; first < best.size() && best.size() <= MOST_FOR_PAIRS; first++) {
            for (int second = first + 1; second < best.size(); second++) {
                List<String> story = new ArrayList<>(best);
                story.remove(second);
                story.remove(first);
                if (tries(story)) {
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
                    List<String> story = new ArrayList<>(best.subList(0, i));
                    story.addAll(simpler);
                    story.addAll(best.subList(i + 1, best.size()));
                    if (tries(story)) {
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
        } else if (words[0].equals("restart") && words.length > 2) {
            simpler.add(List.of("restart " + words[1]));
        } else if (words[0].equals("propose") && (words.length > 3 || words[2].length() > 1)) {
            simpler.add(List.of("propose " + words[1] + " x"));
            simpler.add(List.of("propose " + words[1] + " x".repeat(words.length - 2)));
            simpler.add(List.of(line.substring(0, line.lastIndexOf(' '))));
        } else if (words[0].equals("config") && words.length > 3) {
            for (int i = 1; i < words.length; i += 2) {
                List<String> rest = new ArrayList<>(List.of(words));
                rest.subList(i, i + 2).clear();
                simpler.add(List.of(String.join(" ", rest)));
            }
        } else if (words[0].equals("slow") && words.length > 3) {
            for (int i = 2; i < words.length; i++) {
                List<String> rest = new ArrayList<>(List.of(words));
                rest.remove(i);
                simpler.add(List.of(String.join(" ", rest)));
            }
        }
        return simpler;
    }
}
