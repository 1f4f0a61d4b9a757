package io.flotilla.raft.scenario;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** What brings messages to the nodes of a scenario, or loses them. */
final class Post {
    private static final int MAX_ROUNDS = 1_000;

    private final Wire wire;
    private final Cast cast;
    /** Lets a node do what it has to do after something came. */
    private final Consumer<ScenarioNode> settle;

    Post(Wire wire, Cast cast, Consumer<ScenarioNode> settle) {
        this.wire = wire;
        this.cast = cast;
        this.settle = settle;
    }

    private static Predicate<Wire.Letter> between(String from, String to) {
        return letter -> (from.equals("*") || letter.from.value().equals(from))
                && (to.equals("*") || letter.to.value().equals(to));
    }

    /** All that waits on a link. */
    void deliver(String from, String to) {
        List<Wire.Letter> letters = wire.waiting(between(from, to));
        if (letters.isEmpty()) {
            throw new NotNow("nothing waits from %s to %s", from, to);
        }
        letters.forEach(this::arrive);
    }

    /** All that waits, everywhere, until nothing is on its way any more. */
    void untilQuiet() {
        for (int round = 0; ; round++) {
            List<Wire.Letter> letters = wire.waiting(letter -> true);
            if (letters.isEmpty()) {
                return;
            }
            if (round > MAX_ROUNDS) {
                throw new NotNow("never quiet: %s", letters);
            }
            letters.forEach(this::arrive);
        }
    }

    private void arrive(Wire.Letter letter) {
        ScenarioNode to = receive(letter);
        if (to != null) {
            settle.accept(to);
        }
    }

    /** @return the receiver, or null if it is down, or has no replica yet */
    ScenarioNode receive(Wire.Letter letter) {
        wire.taken(letter);
        String name = letter.to.value();
        if (!cast.has(name) || cast.node(name).isDown) {
            return null;
        }
        ScenarioNode to = cast.node(name);
        to.replica.receive(letter.from, letter.message);
        return to;
    }

    /**
     * A message that begins like this: the oldest one that waits, else one that came or was lost before.
     *
     * @param sameKindWillDo whether, if there is none, another one of its kind will do
     */
    Wire.Letter find(String from, String to, String beginning, boolean sameKindWillDo) {
        Wire.Letter letter = wire.find(from, to, beginning, sameKindWillDo);
        if (letter == null) {
            throw new NotNow("%s never sent %s anything that begins with '%s'", from, to, beginning);
        }
        cast.up(to);
        return letter;
    }

    /**
     * Loses what waits.
     *
     * @param beginning of those that are lost
     * @return how many
     */
    int drop(String from, String to, String beginning) {
        List<Wire.Letter> letters = wire.waiting(between(from, to).and(letter -> letter.text.startsWith(beginning)));
        if (letters.isEmpty()) {
            throw new NotNow("no such message waits");
        }
        letters.forEach(wire::taken);
        return letters.size();
    }

    /** {@code partition a b | c d}: nothing passes between the sides. */
    void partition(String[] words) {
        wire.healAll();
        Map<String, Integer> sides = new TreeMap<>();
        int side = 0;
        for (int i = 1; i < words.length; i++) {
            if (words[i].equals("|")) {
                side++;
            } else {
                sides.put(words[i], side);
            }
        }
        sides.forEach((from, one) -> sides.forEach((to, other) -> {
            if (!one.equals(other)) {
                wire.cut(cast.node(from).id, cast.node(to).id);
            }
        }));
    }
}
