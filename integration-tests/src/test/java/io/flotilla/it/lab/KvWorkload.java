package io.flotilla.it.lab;

import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The generic test of the key-value labs: three times five seconds of clerks that append and read, while the network
 * splits or the servers crash.
 */
final class KvWorkload {
    private static final int ITERATIONS = 3;
    private static final long ITERATION_MILLIS = 5_000;
    private static final long ELECTION_MILLIS = 1_000;
    private static final long MILLI = 1_000_000;
    /** With less the iteration has tested nothing. */
    private static final int LEAST_OPERATIONS = 10;

    /**
     * One test of the family.
     *
     * @param crash whether all servers crash and come back after each iteration
     * @param partitions whether the network splits in two again and again
     * @param maxStateBytes -1 for no snapshots
     * @param randomKeys whether clerks share their keys and put as well; else each has a key of its own
     */
    record Shape(
            int clients,
            int servers,
            boolean unreliable,
            boolean crash,
            boolean partitions,
            long maxStateBytes,
            boolean randomKeys) {
        static Shape of(int clients, int servers) {
            return new Shape(clients, servers, false, false, false, -1, false);
        }

        Shape unreliably() {
            return new Shape(clients, servers, true, crash, partitions, maxStateBytes, randomKeys);
        }

        Shape crashing() {
            return new Shape(clients, servers, unreliable, true, partitions, maxStateBytes, randomKeys);
        }

        Shape partitioned() {
            return new Shape(clients, servers, unreliable, crash, true, maxStateBytes, randomKeys);
        }

        Shape withTransfers() {
            return new Shape(clients, servers, unreliable, crash, partitions, 1_000, randomKeys);
        }

        Shape withRandomKeys() {
            return new Shape(clients, servers, unreliable, crash, partitions, maxStateBytes, true);
        }
    }

    private final Shape shape;
    private final KvGroup group;
    private final LabRuns runs;
    private final SplittableRandom random;
    private boolean stopping;
    private boolean splitting;

    private KvWorkload(Shape shape, KvGroup group, LabRuns runs) {
        this.shape = shape;
        this.group = group;
        this.runs = runs;
        this.random = group.random().split();
    }

    /** Runs the test as often as asked for. */
    static void repeat(String test, String name, Shape shape) {
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                test,
                name,
                (seed, timing) -> new KvGroup(seed, timing, shape.servers, shape.unreliable, shape.maxStateBytes),
                (group, runs) -> new KvWorkload(shape, group, runs).run());
    }

    /** One clerk at work: one operation after the other. */
    private final class Worker {
        final int number;
        final Clerk clerk = group.clerk();
        int appends;
        int operations;
        String expected = "";
        boolean done;

        Worker(int number) {
            this.number = number;
        }

        void begin() {
            appends = 0;
            operations = 0;
            expected = "";
            done = false;
            if (shape.randomKeys) {
                next();
            } else {
                clerk.put(String.valueOf(number), "", this::next);
            }
        }

        private void next() {
            if (stopping) {
                done = true;
                return;
            }
            // a clerk of the labs is a goroutine among others: it needs a little time for itself
            group.scheduler().after(random.nextLong(20 * MILLI), this::ask);
        }

        private void ask() {
            operations++;
            String key = String.valueOf(shape.randomKeys ? random.nextInt(shape.clients) : number);
            String piece = "x " + number + " " + appends + " y";
            if (random.nextInt(1_000) < 500) {
                appends++;
                expected += piece;
                clerk.append(key, piece, this::next);
            } else if (shape.randomKeys && random.nextInt(1_000) < 100) {
                appends++;
                clerk.put(key, piece, this::next);
            } else {
                String wanted = expected;
                clerk.get(key, value -> {
                    if (!shape.randomKeys && !value.equals(wanted)) {
                        throw new LabFailure("get wrong value, key %s, wanted: %s, got: %s", key, wanted, value);
                    }
                    next();
                });
            }
        }
    }

    private void run() {
        Clerk last = group.clerk();
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < shape.clients; i++) {
            workers.add(new Worker(i));
        }
        for (int i = 0; i < ITERATIONS; i++) {
            iterate(last, workers);
        }
        if (shape.unreliable && group.streams().lost() == 0) {
            throw new LabFailure("the network lost nothing");
        }
    }

    private void iterate(Clerk last, List<Worker> workers) {
        stopping = false;
        workers.forEach(Worker::begin);
        if (shape.partitions) {
            group.sleep(ELECTION_MILLIS);
            splitting = true;
            split();
        }
        group.sleep(ITERATION_MILLIS);
        stopping = true;
        if (shape.partitions) {
            splitting = false;
            group.connectAll();
            group.sleep(ELECTION_MILLIS);
        }
        if (shape.crash) {
            group.crashAll();
            group.sleep(ELECTION_MILLIS);
            group.startAll();
        }
        group.await(60_000, "all clerks are done", () -> workers.stream().allMatch(worker -> worker.done));
        for (Worker worker : workers) {
            if (worker.operations < LEAST_OPERATIONS && !shape.partitions) {
                throw new LabFailure("clerk %d did only %d operations", worker.number, worker.operations);
            }
            runs.measure("operations of a clerk in an iteration", worker.operations, 0);
            String key = String.valueOf(worker.number);
            String value = last.get(key);
            if (!shape.randomKeys) {
                checkAppends(worker.number, value, worker.appends);
            }
        }
        checkSizes();
    }

    /** Splits the servers in two, again and again until it is over. */
    private void split() {
        if (!splitting) {
            return;
        }
        List<Integer> part = new ArrayList<>();
        for (int i = 0; i < shape.servers; i++) {
            if (random.nextBoolean()) {
                part.add(i);
            }
        }
        group.partition(part);
        group.scheduler().after((ELECTION_MILLIS + random.nextLong(200)) * MILLI, this::split);
    }

    /** All appends of a clerk are there, once, and in its order. */
    static void checkAppends(int client, String value, int count) {
        int last = -1;
        for (int i = 0; i < count; i++) {
            String wanted = "x " + client + " " + i + " y";
            int at = value.indexOf(wanted);
            if (at < 0) {
                throw new LabFailure("clerk %d: missing element %s in %s", client, wanted, value);
            }
            if (value.lastIndexOf(wanted) != at) {
                throw new LabFailure("clerk %d: duplicate element %s in %s", client, wanted, value);
            }
            if (at <= last) {
                throw new LabFailure("clerk %d: wrong order for element %s in %s", client, wanted, value);
            }
            last = at;
        }
    }

    private void checkSizes() {
        if (shape.maxStateBytes > 0) {
            runs.atMost("bytes of Raft's state", group.largestState(), 8 * shape.maxStateBytes);
        } else if (group.hasSnapshots()) {
            throw new LabFailure("a log was cut or a snapshot taken, though snapshots are off");
        }
    }
}
