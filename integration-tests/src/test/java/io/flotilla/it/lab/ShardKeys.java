package io.flotilla.it.lab;

import io.flotilla.raft.lab.LabFailure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Keys that are spread evenly over the key space, and the value that each must have. */
final class ShardKeys {
    private static final int KEY_SPACE = 256;

    private final ShardFleet fleet;
    private final Clerk clerk;
    private final SplittableRandom random;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final List<String> keys = new ArrayList<>();

    ShardKeys(ShardFleet fleet, int count) {
        this.fleet = fleet;
        this.clerk = fleet.clerk();
        this.random = fleet.random().split();
        for (int i = 0; i < count; i++) {
            keys.add(key(i, count));
        }
    }

    /** The i-th of so many keys. As many as there are shards: the i-th lies in the i-th shard. */
    static String key(int i, int count) {
        return (char) (KEY_SPACE * i / count + 1) + "k" + i;
    }

    int count() {
        return keys.size();
    }

    String key(int i) {
        return keys.get(i);
    }

    String value(int i) {
        return values.get(keys.get(i));
    }

    /** The keys that lie in these shards, by their numbers in the order of keys. */
    List<Integer> within(List<Integer> shards) {
        int each = keys.size() / fleet.shards();
        List<Integer> within = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            if (shards.contains(i / each)) {
                within.add(i);
            }
        }
        return within;
    }

    private String text(int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    /** New values of this length for all. */
    ShardKeys putAll(int length) {
        for (String key : keys) {
            String value = text(length);
            values.put(key, value);
            clerk.put(key, value);
        }
        return this;
    }

    void checkAll() {
        keys.forEach(this::check);
    }

    void check(String key) {
        clerk.check(key, values.get(key));
    }

    void checkAndAppendAll() {
        keys.forEach(this::checkAndAppend);
    }

    void checkAndAppend(String key) {
        check(key);
        String piece = text(5);
        values.merge(key, piece, String::concat);
        clerk.append(key, piece);
    }

    /** A get of each key by a clerk that knows nothing yet, all begun now. */
    Asked getAll() {
        Asked asked = new Asked(fleet.millis());
        Clerk other = fleet.clerk();
        for (int i = 0; i < keys.size(); i++) {
            int number = i;
            String key = keys.get(i);
            other.get(key, value -> {
                if (!value.equals(values.get(key))) {
                    throw new LabFailure("get(%s): expected: %s, received: %s", key, values.get(key), value);
                }
                asked.answered.add(number);
                asked.slowest = fleet.millis() - asked.begun;
            });
        }
        return asked;
    }

    /** All keys are asked for; while the time passes those that lie in groups that live are read, and no others. */
    Asked getAllWithin(long millis, List<Integer> living) {
        Asked asked = getAll();
        fleet.sleep(millis);
        if (living.isEmpty()
                || living.size() == keys.size()
                || !asked.answered().equals(living)) {
            throw new LabFailure("the keys %s are in groups that live, read were %s", living, asked.answered());
        }
        return asked;
    }

    /** Until the others have been read as well. */
    void awaitAll(Asked asked) {
        fleet.await(30_000, "all keys are read", () -> asked.answered.size() == keys.size());
    }

    /** Gets under way. */
    static final class Asked {
        private final long begun;
        private long slowest;
        private final List<Integer> answered = new ArrayList<>();

        Asked(long begun) {
            this.begun = begun;
        }

        /** The numbers of the keys that were read, in order. */
        List<Integer> answered() {
            return answered.stream().sorted().toList();
        }

        /** Until the last answer so far. */
        long slowestMillis() {
            return slowest;
        }
    }
}
