package io.flotilla.raft.lab;

import io.flotilla.raft.sim.SeedRuns;
import java.util.Map;
import java.util.TreeMap;

/** Runs one lab test from several seeds, as many at a time as there are processors, and reports as the labs do. */
public final class LabRuns {
    private static final int DEFAULT_RUNS = 3;

    /** What one run of a test happens in. */
    public interface World {
        LabTiming timing();

        /** Virtual seconds since its beginning. */
        double seconds();

        /** The run is over: what the test's own checks can't see. */
        void finish();
    }

    /** The body of a test in such a world. */
    public interface WorldBody<W extends World> {
        void run(W world, LabRuns runs);
    }

    /** The body of a test of Raft alone. */
    interface Body extends WorldBody<LabGroup> {}

    private final Map<String, long[]> measured = new TreeMap<>();
    private final String module;
    private final String test;
    private double seconds;

    private LabRuns(String module, String test) {
        this.module = module;
        this.test = test;
    }

    /** What a test needs: the labs' words for it are servers, unreliable and snapshot. */
    record Setting(int servers, boolean unreliable, boolean snapshots, boolean preVote) {
        static Setting of(int servers) {
            return new Setting(servers, false, false, true);
        }

        Setting unreliably() {
            return new Setting(servers, true, snapshots, preVote);
        }

        Setting withTransfers() {
            return new Setting(servers, unreliable, true, preVote);
        }

        Setting withoutPreVote() {
            return new Setting(servers, unreliable, snapshots, false);
        }
    }

    /**
     * Runs a test of Raft alone as often as {@code -Dflotilla.lab.runs} says, from {@code -Dflotilla.firstSeed} on.
     *
     * @param test class and method, as surefire's {@code -Dtest} wants them
     */
    static LabRuns repeat(String test, String name, Setting setting, Body body) {
        return repeat(
                "raft-group",
                test,
                name,
                (seed, timing) -> new LabGroup(
                        seed,
                        setting.preVote ? timing : timing.withoutPreVote(),
                        setting.servers,
                        setting.unreliable,
                        setting.snapshots),
                body);
    }

    /** Makes the world of one run. */
    public interface Maker<W extends World> {
        W make(long seed, LabTiming timing);
    }

    /**
     * The same in any world.
     *
     * @param module where the test is, for the command that replays a failure
     */
    public static <W extends World> LabRuns repeat(
            String module, String test, String name, Maker<W> maker, WorldBody<W> body) {
        LabRuns all = new LabRuns(module, test);
        long first = Long.getLong("flotilla.firstSeed", 1);
        long count = Long.getLong("flotilla.lab.runs", DEFAULT_RUNS);
        long begin = System.nanoTime();
        try {
            SeedRuns.of(first, count, seed -> all.run(name, seed, maker, body), all::add);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabFailure("interrupted");
        }
        System.out.printf(
                "%s: %d runs in %.2f s, %.3f simulated hours%s%n",
                name, count, (System.nanoTime() - begin) / 1e9, all.seconds / 3600, all.figures());
        return all;
    }

    private <W extends World> LabRuns run(String name, long seed, Maker<W> maker, WorldBody<W> body) {
        LabRuns one = new LabRuns(module, test);
        W world = maker.make(seed, LabTiming.of(seed));
        try {
            body.run(world, one);
            one.seconds = world.seconds();
            world.finish();
        } catch (RuntimeException | Error e) {
            throw new AssertionError(describe(name, seed, world, e), e);
        }
        return one;
    }

    private void add(LabRuns one) {
        seconds += one.seconds;
        one.measured.forEach((what, figure) -> {
            long[] seen = measured.computeIfAbsent(what, w -> new long[] {0, figure[1], 0, 0});
            seen[0] = Math.max(seen[0], figure[0]);
            seen[2] += figure[2];
            seen[3] += figure[3];
        });
    }

    private String describe(String name, long seed, World world, Throwable cause) {
        return String.format(
                "%s, seed %d (%s timing), at %.3f s of virtual time: %s%nreplay: mvn -q -pl %s -am test"
                        + " -Dtest=%s -Dflotilla.lab.runs=1 -Dflotilla.firstSeed=%d"
                        + " -Dsurefire.failIfNoSpecifiedTests=false",
                name, seed, world.timing().name(), world.seconds(), cause.getMessage(), module, test, seed);
    }

    /** Notes a figure; the highest one is printed beside its limit, and one over the limit fails the run. */
    public void atMost(String what, long value, long limit) {
        measure(what, value, limit);
        if (value > limit) {
            throw new LabFailure("%s: %d, at most %d allowed", what, value, limit);
        }
    }

    /** Notes a figure. */
    public void measure(String what, long value, long limit) {
        long[] seen = measured.computeIfAbsent(what, w -> new long[] {0, limit, 0, 0});
        seen[0] = Math.max(seen[0], value);
        seen[2] += value;
        seen[3]++;
    }

    /** How much of it there was in all runs. */
    public long total(String what) {
        return measured.get(what)[2];
    }

    /** The mean of a figure. */
    public double mean(String what) {
        long[] seen = measured.get(what);
        return (double) seen[2] / seen[3];
    }

    private String figures() {
        StringBuilder all = new StringBuilder();
        measured.forEach((what, seen) -> {
            all.append(String.format("; %s: mean %.1f, at most %d", what, (double) seen[2] / seen[3], seen[0]));
            if (seen[1] > 0) {
                all.append(" of ").append(seen[1]);
            }
        });
        return all.toString();
    }
}
