package io.flotilla.it.lab;

import io.flotilla.raft.lab.LabFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Clerks at work while a test does this and that, one operation after the other each. */
final class ShardClerks {
    private static final long WAIT_MILLIS = 60_000;

    /** What clerks do. */
    enum Work {
        /** Each appends to a key of its own, and the whole value is checked at the end. */
        APPEND,
        /** Appends one in two, puts one in twenty, else gets; on keys that all share. Histories judge it. */
        MIXED
    }

    private final ShardFleet fleet;
    private final Work work;
    private final int keys;
    private final int gapMillis;
    private final List<Worker> workers = new ArrayList<>();
    private boolean stopping;

    private final class Worker {
        final int number;
        final Clerk clerk = fleet.clerk();
        final SplittableRandom random = fleet.random().split();
        final StringBuilder expected = new StringBuilder();
        long operations;
        long asked;
        long slowest;
        boolean done;

        Worker(int number) {
            this.number = number;
        }

        void begin() {
            if (work == Work.APPEND) {
                String first = "x " + number + " -1 y";
                expected.append(first);
                asked = fleet.millis();
                clerk.put(key(number), first, this::next);
            } else {
                next();
            }
        }

        private void next() {
            if (operations > 0) {
                slowest = Math.max(slowest, fleet.millis() - asked);
            }
            if (stopping) {
                done = true;
            } else {
                fleet.later(1 + random.nextInt(gapMillis), this::ask);
            }
        }

        private void ask() {
            asked = fleet.millis();
            String piece = "x " + number + " " + operations++ + " y";
            int choice = random.nextInt(100);
            if (work == Work.APPEND) {
                expected.append(piece);
                clerk.append(key(number), piece, this::next);
                return;
            }
            String key = key(random.nextInt(keys));
            if (choice < 50) {
                clerk.append(key, piece, this::next);
            } else if (choice < 55) {
                clerk.put(key, piece, this::next);
            } else {
                clerk.get(key, value -> next());
            }
        }
    }

    ShardClerks(ShardFleet fleet, Work work, int clerks, int keys, int gapMillis) {
        this.fleet = fleet;
        this.work = work;
        this.keys = keys;
        this.gapMillis = gapMillis;
        for (int i = 0; i < clerks; i++) {
            workers.add(new Worker(i));
        }
        workers.forEach(Worker::begin);
    }

    /** Beside those of {@link ShardKeys}, in the same shards. */
    private String key(int number) {
        return ShardKeys.key(number, keys) + "w";
    }

    /** Lets each come to an end with what it is at. */
    void stop() {
        stopping = true;
        fleet.await(WAIT_MILLIS, "all clerks are done", () -> workers.stream().allMatch(worker -> worker.done));
    }

    /** Each own key has all that was appended, once and in order, and nothing else. */
    void check() {
        Clerk last = fleet.clerk();
        for (Worker worker : workers) {
            last.check(key(worker.number), worker.expected.toString());
        }
    }

    /** Each did so many at least. */
    void checkProgress(int least) {
        for (Worker worker : workers) {
            if (worker.operations < least) {
                throw new LabFailure("clerk %d did only %d operations", worker.number, worker.operations);
            }
        }
    }

    long operations() {
        return workers.stream().mapToLong(worker -> worker.operations).sum();
    }

    long slowestMillis() {
        return workers.stream().mapToLong(worker -> worker.slowest).max().orElse(0);
    }
}
