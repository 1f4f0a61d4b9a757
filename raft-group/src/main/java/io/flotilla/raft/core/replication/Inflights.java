package io.flotilla.raft.core.replication;

import java.util.Arrays;

/** Append messages on their way to one follower, oldest first. Belongs to that follower's progress. */
final class Inflights {
    private long[] lastIndexes = new long[8];
    private int[] sizes = new int[8];
    private int head;
    private int count;
    private long bytes;

    int count() {
        return count;
    }

    long bytes() {
        return bytes;
    }

    void add(long lastIndex, int messageBytes) {
        if (count == lastIndexes.length) {
            grow();
        }
        int tail = (head + count) & (lastIndexes.length - 1);
        lastIndexes[tail] = lastIndex;
        sizes[tail] = messageBytes;
        count++;
        bytes += messageBytes;
    }

    /** The follower holds everything up to {@code index}. */
    void freeTo(long index) {
        while (count > 0 && lastIndexes[head] <= index) {
            bytes -= sizes[head];
            head = (head + 1) & (lastIndexes.length - 1);
            count--;
        }
    }

    private void grow() {
        int capacity = lastIndexes.length;
        long[] indexes = Arrays.copyOf(lastIndexes, capacity * 2);
        int[] grown = Arrays.copyOf(sizes, capacity * 2);
        for (int i = 0; i < count; i++) {
            int from = (head + i) & (capacity - 1);
            indexes[i] = lastIndexes[from];
            grown[i] = sizes[from];
        }
        lastIndexes = indexes;
        sizes = grown;
        head = 0;
    }
}
