package io.flotilla.it.sim;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that a run uses: few, so that clients meet on them, and spread over the key space, so that they lie in
 * different shards. A key's use is fixed, so that each kind of write is judged on keys of its own.
 */
final class Keys {
    /** Single values: put, compare-and-set, delete. */
    final List<String> registers = new ArrayList<>();
    /** Lists of tokens: append only. */
    final List<String> lists = new ArrayList<>();
    /** Numbers: increment only. */
    final List<String> counters = new ArrayList<>();
    /** Pairs of neighbours in one shard that are only written together. */
    final List<Pair> pairs = new ArrayList<>();

    record Pair(String name, String left, String right) {}

    Keys() {
        spread(registers, "r", 6);
        spread(lists, "l", 3);
        spread(counters, "n", 2);
        List<String> stems = new ArrayList<>();
        spread(stems, "p", 2);
        for (String stem : stems) {
            pairs.add(new Pair(stem, stem + "-left", stem + "-right"));
        }
    }

    private static void spread(List<String> keys, String name, int count) {
        for (int i = 0; i < count; i++) {
            keys.add((char) (256 * i / count + 3) + name + i);
        }
    }

    /** All keys that are judged one by one. */
    List<String> singles() {
        List<String> all = new ArrayList<>(registers);
        all.addAll(lists);
        all.addAll(counters);
        return all;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
