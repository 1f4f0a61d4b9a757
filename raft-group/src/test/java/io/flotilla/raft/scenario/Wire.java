package io.flotilla.raft.scenario;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import java.util.ArrayList;
import java.util.List;
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

    private final List<Letter> letters = new ArrayList<>();
    private final Set<String> cuts = new TreeSet<>();

    /** @return what is sent, in words */
    String send(NodeId from, NodeId to, Message message) {
        Letter letter = new Letter(from, to, message);
        letter.waits = !cuts.contains(from + ">" + to);
        letters.add(letter);
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

    /** The oldest one that waits; if none does, the newest that was delivered or lost already; else null. */
    Letter find(Predicate<Letter> which) {
        List<Letter> waiting = waiting(which);
        if (!waiting.isEmpty()) {
            return waiting.get(0);
        }
        for (int i = letters.size() - 1; i >= 0; i--) {
            if (which.test(letters.get(i))) {
                return letters.get(i);
            }
        }
        return null;
    }
}
