package io.flotilla.raft.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/** Runs a simulation for many seeds, each run on one thread, as many at a time as there are processors. */
public final class SeedRuns {
    private SeedRuns() {}

    /**
     * @param run throws if the seed breaks something; the first seed that does ends it all
     * @param done told each result, in the order of the seeds, on the calling thread
     */
    public static <R> void of(long first, long count, LongFunction<R> run, Consumer<R> done)
            throws InterruptedException {
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        AtomicBoolean failed = new AtomicBoolean();
        List<Future<R>> started = new ArrayList<>();
        try {
            for (long seed = first; seed < first + count; seed++) {
                long number = seed;
                Callable<R> task = () -> failed.get() ? null : run.apply(number);
                started.add(threads.submit(task));
            }
            for (int i = 0; i < started.size(); i++) {
                try {
                    done.accept(started.set(i, null).get());
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof AssertionError violation ? violation : new AssertionError(e);
                }
            }
        } finally {
            failed.set(true);
            threads.shutdown();
            threads.awaitTermination(10, TimeUnit.MINUTES);
        }
    }
}
