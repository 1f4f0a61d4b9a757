package io.flotilla.client.routing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Shards by their start keys, without overlaps, perhaps with gaps. Kept in chunks, which a changed copy shares with the
 * original: one that replaces a shard among n copies a chunk and the list of chunks, some hundred references for n =
 * 100,000. Pure and immutable.
 */
final class ShardRoutes implements Iterable<ShardRoute> {
    /** A chunk that grows beyond is divided. */
    private static final int MOST_IN_CHUNK = 512;

    /** Not empty, except for the only chunk of an empty list. */
    private static final class Chunk {
        final ShardRoute[] shards;
        /** The first bytes of the shards' start keys, side by side: most searches need no more of them. */
        final long[] starts;

        Chunk(ShardRoute[] shards) {
            this.shards = shards;
            this.starts = new long[shards.length];
            for (int i = 0; i < shards.length; i++) {
                starts[i] = firstBytes(shards[i].start());
            }
        }
    }

    private final Chunk[] chunks;
    /** The first bytes of the start key of each chunk's first shard. */
    private final long[] starts;

    private ShardRoutes(Chunk[] chunks) {
        this.chunks = chunks;
        this.starts = new long[chunks.length];
        for (int i = 0; i < chunks.length; i++) {
            starts[i] = chunks[i].starts.length == 0 ? Long.MIN_VALUE : chunks[i].starts[0];
        }
    }

    /** @param sorted by start key, without overlaps; not kept */
    static ShardRoutes of(ShardRoute[] sorted) {
        List<Chunk> chunks = new ArrayList<>();
        addChunks(chunks, sorted);
        return new ShardRoutes(chunks.isEmpty() ? new Chunk[] {new Chunk(sorted)} : chunks.toArray(new Chunk[0]));
    }

    /** The last shard that starts at or below the key, or null. */
    ShardRoute floor(byte[] key) {
        long first = firstBytes(key);
        Chunk chunk = chunks[chunkOf(first, key)];
        int at = floor(chunk, first, key);
        return at < 0 ? null : chunk.shards[at];
    }

    /** The last shard that starts below the key, or null. */
    ShardRoute below(byte[] key) {
        long first = firstBytes(key);
        int number = chunkOf(first, key);
        int at = floor(chunks[number], first, key);
        if (at >= 0 && Arrays.equals(chunks[number].shards[at].start(), key)) {
            at--;
        }
        if (at < 0 && number > 0) {
            number--;
            at = chunks[number].shards.length - 1;
        }
        return at < 0 ? null : chunks[number].shards[at];
    }

    /** The last of all, or null if there is none. */
    ShardRoute last() {
        ShardRoute[] shards = chunks[chunks.length - 1].shards;
        return shards.length == 0 ? null : shards[shards.length - 1];
    }

    /**
     * The list with this shard in place of those that it overlaps.
     *
     * @return this list itself if one of those has the same epoch or a higher one
     */
    ShardRoutes corrected(ShardRoute candidate) {
        long firstBytes = firstBytes(candidate.start());
        int first = chunkOf(firstBytes, candidate.start());
        int from = Math.max(0, floor(chunks[first], firstBytes, candidate.start()));
        int last = first;
        int to = from;
        while (true) {
            if (to == chunks[last].shards.length) {
                if (last + 1 == chunks.length || !startsBefore(chunks[last + 1].shards[0], candidate)) {
                    break;
                }
                last++;
                to = 0;
            }
            ShardRoute shard = chunks[last].shards[to];
            if (shard.overlaps(candidate)) {
                if (shard.epoch() >= candidate.epoch()) {
                    return this;
                }
            } else if (startsBefore(shard, candidate)) {
                from = to + 1;
            } else {
                break;
            }
            to++;
        }
        return replaced(first, from, last, to, candidate);
    }

    /** From (first chunk, from) to before (last chunk, to) all goes, and the shard comes. */
    private ShardRoutes replaced(int first, int from, int last, int to, ShardRoute candidate) {
        ShardRoute[] tail = chunks[last].shards;
        ShardRoute[] joined = new ShardRoute[from + 1 + tail.length - to];
        System.arraycopy(chunks[first].shards, 0, joined, 0, from);
        joined[from] = candidate;
        System.arraycopy(tail, to, joined, from + 1, tail.length - to);
        List<Chunk> next = new ArrayList<>(chunks.length + 1);
        for (int i = 0; i < first; i++) {
            next.add(chunks[i]);
        }
        addChunks(next, joined);
        for (int i = last + 1; i < chunks.length; i++) {
            next.add(chunks[i]);
        }
        return new ShardRoutes(next.toArray(new Chunk[0]));
    }

    private static void addChunks(List<Chunk> chunks, ShardRoute[] shards) {
        int parts = (shards.length + MOST_IN_CHUNK - 1) / MOST_IN_CHUNK;
        for (int i = 0; i < parts; i++) {
            int from = (int) ((long) shards.length * i / parts);
            int to = (int) ((long) shards.length * (i + 1) / parts);
            chunks.add(new Chunk(Arrays.copyOfRange(shards, from, to)));
        }
    }

    private static boolean startsBefore(ShardRoute shard, ShardRoute candidate) {
        return candidate.end().length == 0 || Arrays.compareUnsigned(shard.start(), candidate.end()) < 0;
    }

    @Override
    public Iterator<ShardRoute> iterator() {
        return new Iterator<>() {
            private int chunk;
            private int at;

            @Override
            public boolean hasNext() {
                if (at == chunks[chunk].shards.length && chunk + 1 < chunks.length) {
                    chunk++;
                    at = 0;
                }
                return at < chunks[chunk].shards.length;
            }

            @Override
            public ShardRoute next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return chunks[chunk].shards[at++];
            }
        };
    }

    /** A key's first eight bytes as a number of the same order; what a shorter key lacks counts as zeros. */
    private static long firstBytes(byte[] key) {
        if (key.length >= Long.BYTES) { // each operation comes by here
            long high = (key[0] & 0xFF) << 24 | (key[1] & 0xFF) << 16 | (key[2] & 0xFF) << 8 | key[3] & 0xFF;
            long low = ((key[4] & 0xFF) << 24 | (key[5] & 0xFF) << 16 | (key[6] & 0xFF) << 8 | key[7] & 0xFF)
                    & 0xFFFF_FFFFL;
            return (high << 32 | low) ^ Long.MIN_VALUE;
        }
        long first = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            first = first << 8 | (i < key.length ? key[i] & 0xFF : 0);
        }
        return first ^ Long.MIN_VALUE;
    }

    /** The last chunk whose first shard starts at or below the key, or the first chunk. */
    private int chunkOf(long first, byte[] key) {
        int low = 1;
        int high = chunks.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long start = starts[middle];
            if (start < first || start == first && Arrays.compareUnsigned(chunks[middle].shards[0].start(), key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    /** The index of the last shard that starts at or below the key, or -1. */
    private static int floor(Chunk chunk, long first, byte[] key) {
        int low = 0;
        int high = chunk.shards.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long start = chunk.starts[middle];
            if (start < first || start == first && Arrays.compareUnsigned(chunk.shards[middle].start(), key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
