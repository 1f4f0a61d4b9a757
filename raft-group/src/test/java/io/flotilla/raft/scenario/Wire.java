package io.flotilla.raft.scenario;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What is on its way between the nodes, in the order in which it was sent. The network of Raft may lose, delay, double
 * and reorder: so nothing that was ever sent is forgotten, and may come (again) at any time.
 */
final class Wire {
    /** One message, and whether it still waits to be delivered for the first time. */
    static final class Letter {
        final NodeId from;
        final NodeId to;
        final Message message;
        final String text;
        private boolean waits = true;

        Letter(NodeId from, NodeId to, Message message) {
            this.from = from;
            this.to = to;
            this.message = message;
            this.text = Words.of(message);
        }

        @Override
        public String toString() {
            return from + " -> " + to + "  " + text;
        }
    }

    /** What was sent from one node to another. */
    private static final class Link {
        private final List<Letter> letters = new ArrayList<>();
        private final Map<String, List<Letter>> byText = new HashMap<>();
        /** By what they are, with and without their terms. */
        private final Map<String, Letter> newest = new HashMap<>();

        private void add(Letter letter) {
            letters.add(letter);
            byText.computeIfAbsent(letter.text, t -> new ArrayList<>()).add(letter);
            newest.put(words(letter.text, 1), letter);
            newest.put(words(letter.text, 2), letter);
        }
    }

    private final List<Letter> letters = new ArrayList<>();
    /** By {@code from>to}. */
    private final Map<String, Link> links = new HashMap<>();

    private final Set<String> cuts = new TreeSet<>();

    /** @return what is sent, in words */
    String send(NodeId from, NodeId to, Message message) {
        Letter letter = new Letter(from, to, message);
        String link = from + ">" + to;
        letter.waits = !cuts.contains(link);
        letters.add(letter);
        links.computeIfAbsent(link, l -> new Link()).add(letter);
        return letter.waits ? letter.toString() : letter + "  (lost)";
    }

    void cut(NodeId from, NodeId to) {
        cuts.add(from + ">" + to);
        waiting(letter -> letter.from.equals(from) && letter.to.equals(to)).forEach(letter -> letter.waits = false);
    }

    void healAll() {
        cuts.clear();
    }

    /** What waits, oldest first. */
    List<Letter> waiting(Predicate<Letter> which) {
        return letters.stream()
                .filter(letter -> letter.waits && which.test(letter))
                .toList();
    }

    void taken(Letter letter) {
        letter.waits = false;
    }

    /** The first words of a text, so many. */
    private static String words(String text, int count) {
        int end = 0;
        for (int i = 0; i < count && end >= 0; i++) {
            end = text.indexOf(' ', end + 1);
        }
        return end < 0 ? text : text.substring(0, end);
    }

    /**
     * A message on a link with this text; else one that begins so, or, if that will do, one of the same kind. Null if there
     * is none.
     */
    Letter find(String from, String to, String text, boolean sameKindWillDo) {
        Link link = links.get(from + ">" + to);
        if (link == null) {
            return null;
        }
        Letter found = find(link.byText.getOrDefault(text, List.of()), letter -> true);
        if (found != null) {
            return found;
        } else if (sameKindWillDo) {
            found = link.newest.get(words(text, 2));
            return found == null ? link.newest.get(words(text, 1)) : found;
        }
        return find(link.letters, letter -> letter.text.startsWith(text));
    }

    /** Whether this was ever sent, word for word. */
    boolean has(NodeId from, NodeId to, String text) {
        Link link = links.get(from + ">" + to);
        return link != null && link.byText.containsKey(text);
    }

    /** The oldest one that waits; if none does, the newest that was delivered or lost already; else null. */
    private static Letter find(List<Letter> letters, Predicate<Letter> which) {
        Letter newest = null;
        for (Letter letter : letters) {
            if (which.test(letter)) {
                if (letter.waits) {
                    return letter;
                }
                newest = letter;
            }
        }
        return newest;
    }
}
