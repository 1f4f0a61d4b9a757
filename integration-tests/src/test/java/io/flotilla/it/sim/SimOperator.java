package io.flotilla.it.sim;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.client.proto.Shard;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.Violation;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Somebody who moves shards there and back, calls moves off, makes groups and ends them, by a seed. */
final class SimOperator {
    private static final long MILLI = 1_000_000L;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final int MOST_GROUPS = 4;

    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final SimStreams streams;
    private final Supplier<List<String>> endpoints;
    private final Coverage coverage;
    private final long meanGap;
    private AsyncFlotillaClient client;
    private boolean asking = true;
    private Configuration newest = Configuration.getDefaultInstance();

    SimOperator(SimScheduler scheduler, SimStreams streams, Supplier<List<String>> endpoints, Coverage coverage) {
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
        this.streams = streams;
        this.endpoints = endpoints;
        this.coverage = coverage;
        this.meanGap = (200 + random.nextInt(3_000)) * MILLI;
    }

    void start() {
        SimRuntime runtime = new SimRuntime(scheduler, "operator", random.split(), 0, 0);
        client = new AsyncFlotillaClient(
                ClientConfig.of(endpoints.get()).withTimeout(TIMEOUT),
                streams.connector(runtime),
                new SimClientRuntime(runtime));
        again();
    }

    void stopAsking() {
        asking = false;
    }

    /** As it was when this asked last; looks anew for the next time. */
    Configuration newest() {
        look();
        return newest;
    }

    private void again() {
        scheduler.after(random.nextLong(2 * meanGap) + 1, () -> {
            if (asking) {
                look();
                change();
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

    private void change() {
        if (newest.getNumber() == 0) {
            return;
        }
        int choice = random.nextInt(100);
        int groups = newest.getGroupsCount();
        FleetChangeRequest.Builder change = FleetChangeRequest.newBuilder().setFleetId(newest.getFleetId());
        if (groups < 2 || groups < MOST_GROUPS && choice < 5) {
            ask("groups joined", change.setJoinGroup(JoinGroup.getDefaultInstance()));
        } else if (choice < 9) {
            long group = newest.getGroups(random.nextInt(groups)).getId();
            ask("groups left", change.setLeaveGroup(LeaveGroup.newBuilder().setGroup(group)));
        } else if (choice < 20) {
            ask(
                    "moves called off",
                    change.setCancelShard(CancelShard.newBuilder().setShard(someShard())));
        } else if (choice < 35) {
            ask("rebalances", change.setRebalance(Rebalance.getDefaultInstance()));
        } else {
            long to = newest.getGroups(random.nextInt(groups)).getId();
            ask(
                    "moves asked for",
                    change.setMoveShard(
                            MoveShard.newBuilder().setShard(someShard()).setTo(to)));
        }
    }

    /** Rather one that moves, if there is any. */
    private long someShard() {
        List<Shard> moving = newest.getShardsList().stream()
                .filter(shard -> shard.getTarget() != 0)
                .toList();
        List<Shard> from = moving.isEmpty() || random.nextBoolean() ? newest.getShardsList() : moving;
        return from.get(random.nextInt(from.size())).getId();
    }

    private void ask(String what, FleetChangeRequest.Builder change) {
        client.changeFleet(change.build(), TIMEOUT).whenComplete((reply, failure) -> {
            if (failure == null) {
                coverage.count(what);
            } else if (!(failure instanceof RefusedException) && !(failure instanceof IndeterminateException)) {
                scheduler.fail(new Violation("TypedOutcomes", "operator: %s ended with %s", change, failure));
            }
        });
    }
}
