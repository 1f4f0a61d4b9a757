package io.flotilla.it.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All states found, in the order found, 16 bytes each: a state is a vector of the numbers of its parts, and each part is kept
 * once. The three replicas have no names that anything depends on, so their numbers may be sorted: six states become one.
 */
final class StateTable {
    private static final int CHUNK = 1 << 20;
    private static final int REPLICA_BITS = 24;
    private static final int A_BITS = 20;
    private static final int COURSE_BITS = 22;

    private final Parts<Replica> replicas = new Parts<>(REPLICA_BITS);
    private final Parts<GroupA> groups = new Parts<>(A_BITS);
    private final Parts<Course> courses = new Parts<>(COURSE_BITS);
    private final List<long[]> chunks = new ArrayList<>();
    private int[] slots = new int[1 << 16];
    private final boolean sorted;
    private int size;

    /** @param sorted whether the three replicas are sorted */
    StateTable(boolean sorted) {
        this.sorted = sorted;
    }

    int size() {
        return size;
    }

    /** The number of a state, or -1 - number when it is new and has just been added. */
    int add(State state) {
        int x = replicas.number(state.b1());
        int y = replicas.number(state.b2());
        int z = replicas.number(state.b3());
        int low = sorted ? Math.min(x, Math.min(y, z)) : x;
        int high = sorted ? Math.max(x, Math.max(y, z)) : z;
        int mid = x ^ y ^ z ^ low ^ high;
        long first = low | (long) mid << REPLICA_BITS | (long) (high & 0xFFFF) << 2 * REPLICA_BITS;
        long second = high >>> 16
                | (long) groups.number(state.a()) << 8
                | (long) courses.number(state.course()) << 8 + A_BITS;
        int slot = find(first, second);
        if (slots[slot] != 0) {
            return slots[slot] - 1;
        }
        if (size % CHUNK == 0) {
            chunks.add(new long[2 * CHUNK]);
        }
        long[] chunk = chunks.get(size / CHUNK);
        chunk[2 * (size % CHUNK)] = first;
        chunk[2 * (size % CHUNK) + 1] = second;
        slots[slot] = ++size;
        if (size > slots.length / 3 * 2) {
            grow();
        }
        return -size;
    }

    State get(int number) {
        long first = chunks.get(number / CHUNK)[2 * (number % CHUNK)];
        long second = chunks.get(number / CHUNK)[2 * (number % CHUNK) + 1];
        int mask = (1 << REPLICA_BITS) - 1;
        int high = (int) (first >>> 2 * REPLICA_BITS) | (int) (second & 0xFF) << 16;
        return new State(
                courses.get((int) (second >>> 8 + A_BITS)),
                groups.get((int) (second >>> 8) & (1 << A_BITS) - 1),
                replicas.get((int) first & mask),
                replicas.get((int) (first >>> REPLICA_BITS) & mask),
                replicas.get(high));
    }

    /** How many different parts there are, for the record. */
    String parts() {
        return replicas.size() + " states of a replica, " + groups.size() + " of A, " + courses.size()
                + " of the course";
    }

    private int find(long first, long second) {
        long mixed = (first * 0x9E3779B97F4A7C15L ^ second) * 0xC2B2AE3D27D4EB4FL;
        mixed = (mixed ^ mixed >>> 29) * 0x165667B19E3779F9L;
        int mask = slots.length - 1;
        int slot = (int) (mixed >>> 32) & mask;
        while (slots[slot] != 0) {
            int number = slots[slot] - 1;
            long[] chunk = chunks.get(number / CHUNK);
            int at = 2 * (number % CHUNK);
            if (chunk[at] == first && chunk[at + 1] == second) {
                return slot;
            }
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        slots = new int[slots.length * 2];
        for (int number = 0; number < size; number++) {
            long[] chunk = chunks.get(number / CHUNK);
            int at = 2 * (number % CHUNK);
            slots[find(chunk[at], chunk[at + 1])] = number + 1;
        }
    }

    /** Parts of one kind, each with a number. */
    private static final class Parts<T> {
        private final Map<T, Integer> numbers = new HashMap<>();
        private Object[] parts = new Object[1024];
        private final int limit;

        Parts(int bits) {
            limit = 1 << bits;
        }

        int number(T part) {
            Integer known = numbers.get(part);
            if (known != null) {
                return known;
            }
            int number = numbers.size();
            if (number >= limit) {
                throw new IllegalStateException("more than " + limit + " parts of a kind");
            }
            if (number == parts.length) {
                parts = Arrays.copyOf(parts, 2 * number);
            }
            parts[number] = part;
            numbers.put(part, number);
            return number;
        }

        @SuppressWarnings("unchecked")
        T get(int number) {
            return (T) parts[number];
        }

        int size() {
            return numbers.size();
        }
    }
}
