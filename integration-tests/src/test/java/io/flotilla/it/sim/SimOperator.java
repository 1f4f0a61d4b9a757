package io.flotilla.it.sim;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.Violation;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Somebody who changes the fleet while it is used. */
abstract class SimOperator {
    static final long MILLI = 1_000_000L;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    final SplittableRandom random;
    private final SimScheduler scheduler;
    private final SimStreams streams;
    private final Supplier<List<String>> endpoints;
    private final Coverage coverage;
    private AsyncFlotillaClient client;
    private boolean asking = true;
    private Configuration newest = Configuration.getDefaultInstance();

    SimOperator(SimScheduler scheduler, SimStreams streams, Supplier<List<String>> endpoints, Coverage coverage) {
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
        this.streams = streams;
        this.endpoints = endpoints;
        this.coverage = coverage;
    }

    /** How long it waits before it changes something again. */
    abstract long gap();

    /** Changes something. @param known the newest configuration that it has seen */
    abstract void change(Configuration known);

    final void start() {
        SimRuntime runtime = new SimRuntime(scheduler, "operator", random.split(), 0, 0);
        client = new AsyncFlotillaClient(
                ClientConfig.of(endpoints.get()).withTimeout(TIMEOUT),
                streams.connector(runtime),
                new SimClientRuntime(runtime));
        again();
    }

    final void stopAsking() {
        asking = false;
    }

    /** As it was when this asked last; looks anew for the next time. */
    final Configuration newest() {
        look();
        return newest;
    }

    /** As it was when this asked last. */
    final Configuration seen() {
        return newest;
    }

    private void again() {
        scheduler.after(gap(), () -> {
            if (asking) {
                look();
                if (newest.getNumber() > 0) {
                    change(newest);
                }
                again();
            }
        });
    }

    private void look() {
        client.configuration(TIMEOUT).whenComplete((found, failed) -> {
            if (failed == null && found.getNumber() > newest.getNumber()) {
                newest = found;
            }
        });
    }

    /** @param what to count if it was done */
    final void ask(String what, FleetChangeRequest.Builder change) {
        FleetChangeRequest whole = change.setFleetId(newest.getFleetId()).build();
        client.changeFleet(whole, TIMEOUT).whenComplete((reply, failure) -> {
            if (failure == null) {
                coverage.count(what);
            } else if (!(failure instanceof RefusedException) && !(failure instanceof IndeterminateException)) {
                scheduler.fail(new Violation("TypedOutcomes", "operator: %s ended with %s", change, failure));
            }
        });
    }
}
