package io.flotilla.ops.load;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * The rows between "read" and "acknowledged". Bounded in rows and bytes: {@link #add} waits for room. Rows with different
 * keys are written side by side; a row whose key is in flight waits behind it, so that rows with the same key are written
 * in the order they were added. After the first failure no further row is written.
 *
 * <p>Thread-safe: one thread adds, any threads complete writes, any thread asks. All state is under this object's monitor;
 * writes are started outside of it.
 */
final class LoadWindow {
    /** Starts the write of a row; the future ends when it is acknowledged or failed. */
    @FunctionalInterface
    interface Writer {
        CompletableFuture<?> write(byte[] key, byte[] value);
    }

    /** Why the load stopped. */
    record Failure(LoadRow row, Throwable cause) {}

    private record Key(byte[] bytes) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(bytes, key.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    private final Writer writer;
    private final LongSupplier nanoTime;
    private final int maxRows;
    private final long maxBytes;

    /** Keys with a write in flight, each with the rows that wait behind it. */
    private final Map<Key, ArrayDeque<LoadRow>> busyKeys = new HashMap<>();
    /** The ends of acknowledged rows above the prefix, in slot line % maxRows; null where none is. */
    private final InputPrefix[] acknowledged;

    private final StallMeter stall = new StallMeter();
    private InputPrefix prefix;
    private long rowsDone;
    private int open;
    private int inFlight;
    private long openBytes;
    private boolean inputEnded;
    private Failure failure;

    /** @param skipped the leading lines that are done already */
    LoadWindow(Writer writer, LongSupplier nanoTime, int maxRows, long maxBytes, InputPrefix skipped) {
        this.writer = writer;
        this.nanoTime = nanoTime;
        this.maxRows = maxRows;
        this.maxBytes = maxBytes;
        this.acknowledged = new InputPrefix[maxRows];
        this.prefix = skipped;
    }

    /**
     * Takes the next row, whose line number is one above the last one's. Waits while the window is full.
     *
     * @return false if the load has failed, and the row was not taken
     */
    boolean add(LoadRow row) throws InterruptedException {
        synchronized (this) {
            while (failure == null && open > 0 && !fits(row)) {
                wait();
            }
            if (failure != null) {
                return false;
            }
            open++;
            openBytes += row.bytes();
            ArrayDeque<LoadRow> waiting = busyKeys.putIfAbsent(new Key(row.key()), new ArrayDeque<>(0));
            if (waiting != null) {
                waiting.addLast(row);
                return true;
            }
            sending();
        }
        send(row);
        return true;
    }

    /** No row will be added any more. */
    synchronized void endOfInput() {
        inputEnded = true;
        notifyAll();
    }

    /**
     * Waits, but not longer than given, until the load is over: all rows of the ended input are acknowledged, or it has
     * failed and nothing is in flight.
     *
     * @return whether it is over
     */
    synchronized boolean awaitEnd(long millis) throws InterruptedException {
        long deadline = nanoTime.getAsLong() + millis * 1_000_000;
        for (long left = millis; !over() && left > 0; left = (deadline - nanoTime.getAsLong()) / 1_000_000) {
            wait(left);
        }
        return over();
    }

    private boolean over() {
        return failure == null ? inputEnded && open == 0 : inFlight == 0;
    }

    /** The leading lines that are all acknowledged. */
    synchronized InputPrefix prefix() {
        return prefix;
    }

    /** How many rows were acknowledged here. */
    synchronized long rowsDone() {
        return rowsDone;
    }

    /** The first failure, or null. */
    synchronized Failure failure() {
        return failure;
    }

    synchronized long longestStallNanos() {
        return stall.longestNanos();
    }

    private boolean fits(LoadRow row) {
        // Lines above the prefix need a slot each, acknowledged or not.
        return row.line() - prefix.lines() <= maxRows && openBytes + row.bytes() <= maxBytes;
    }

    private void sending() {
        if (inFlight++ == 0) {
            stall.busy(nanoTime.getAsLong());
        }
    }

    private void send(LoadRow row) {
        CompletableFuture<?> write;
        try {
            write = writer.write(row.key(), row.value());
        } catch (RuntimeException refused) {
            write = CompletableFuture.failedFuture(refused);
        }
        write.whenComplete((version, failed) -> completed(row, failed));
    }

    private void completed(LoadRow row, Throwable failed) {
        List<LoadRow> next = new ArrayList<>(1);
        synchronized (this) {
            inFlight--;
            if (failed != null) {
                stall.gaveUp(nanoTime.getAsLong());
                if (failure == null || row.line() < failure.row().line()) {
                    failure = new Failure(row, failed);
                }
            } else {
                stall.acknowledged(nanoTime.getAsLong());
                rowsDone++;
                open--;
                openBytes -= row.bytes();
                advance(row.through());
            }
            Key key = new Key(row.key());
            LoadRow waiting = failure == null ? busyKeys.get(key).pollFirst() : null;
            if (waiting == null) {
                busyKeys.remove(key);
            } else {
                sending();
                next.add(waiting);
            }
            notifyAll();
        }
        next.forEach(this::send);
    }

    private void advance(InputPrefix through) {
        acknowledged[slot(through.lines())] = through;
        int next = slot(prefix.lines() + 1);
        while (acknowledged[next] != null) {
            prefix = acknowledged[next];
            acknowledged[next] = null;
            next = slot(prefix.lines() + 1);
        }
    }

    private int slot(long line) {
        return (int) (line % maxRows);
    }
}
