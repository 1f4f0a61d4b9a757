package io.flotilla.it.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All logs seen, each once: a log is a number, and has a log one entry shorter as its parent. */
final class Logs {
    static final int EMPTY = 0;

    private final Map<Integer, Integer> children = new HashMap<>();
    private final List<short[]> entries = new ArrayList<>();
    private final List<int[]> prefixes = new ArrayList<>();

    Logs() {
        entries.add(new short[0]);
        prefixes.add(new int[] {EMPTY});
    }

    int append(int log, int entry) {
        if (log >= 1 << 19) {
            throw new IllegalStateException("more than 2^19 logs");
        }
        Integer known = children.get(log << 12 | entry);
        if (known != null) {
            return known;
        }
        int id = entries.size();
        short[] old = entries.get(log);
        short[] longer = Arrays.copyOf(old, old.length + 1);
        longer[old.length] = (short) entry;
        int[] shorter = prefixes.get(log);
        int[] chain = Arrays.copyOf(shorter, shorter.length + 1);
        chain[shorter.length] = id;
        entries.add(longer);
        prefixes.add(chain);
        children.put(log << 12 | entry, id);
        return id;
    }

    int length(int log) {
        return entries.get(log).length;
    }

    int entry(int log, int index) {
        return entries.get(log)[index];
    }

    int prefix(int log, int length) {
        return prefixes.get(log)[length];
    }

    int lastTerm(int log) {
        int length = length(log);
        return length == 0 ? 0 : Entry.term(entry(log, length - 1));
    }

    /** The number of leading entries that two logs share. */
    int common(int one, int other) {
        int[] a = prefixes.get(one);
        int[] b = prefixes.get(other);
        int n = Math.min(a.length, b.length) - 1;
        while (a[n] != b[n]) {
            n--;
        }
        return n;
    }
}
