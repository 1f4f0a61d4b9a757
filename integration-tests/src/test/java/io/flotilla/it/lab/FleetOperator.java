package io.flotilla.it.lab;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.RefusedException;
import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.it.sim.SimClientRuntime;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.sim.SimRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The labs' client of the shard controller: a production client that asks for changes of the fleet until they are made or
 * refused. The methods without a callback let time pass until they are answered.
 */
final class FleetOperator {
    private static final Duration PATIENCE = Duration.ofSeconds(300);
    private static final long ANSWER_MILLIS = 60_000;

    private final ShardFleet fleet;
    private final AsyncFlotillaClient client;
    private final SimRuntime runtime;

    FleetOperator(ShardFleet fleet, String name) {
        this.fleet = fleet;
        runtime = new SimRuntime(fleet.scheduler(), name, fleet.random().split(), 0, 0);
        client = new AsyncFlotillaClient(
                ClientConfig.of(fleet.addresses()).withTimeout(PATIENCE),
                fleet.connector(runtime),
                new SimClientRuntime(runtime));
    }

    void end() {
        runtime.kill();
    }

    // --- what there is to ask for ---

    static FleetChangeRequest.Builder join(List<String> replicas) {
        return FleetChangeRequest.newBuilder()
                .setJoinGroup(JoinGroup.newBuilder().addAllReplicas(replicas));
    }

    static FleetChangeRequest.Builder leave(long group) {
        return FleetChangeRequest.newBuilder()
                .setLeaveGroup(LeaveGroup.newBuilder().setGroup(group));
    }

    static FleetChangeRequest.Builder move(long shard, long to) {
        return FleetChangeRequest.newBuilder()
                .setMoveShard(MoveShard.newBuilder().setShard(shard).setTo(to));
    }

    static FleetChangeRequest.Builder cancel(long shard) {
        return FleetChangeRequest.newBuilder()
                .setCancelShard(CancelShard.newBuilder().setShard(shard));
    }

    static FleetChangeRequest.Builder rebalance() {
        return FleetChangeRequest.newBuilder().setRebalance(Rebalance.getDefaultInstance());
    }

    // --- asking ---

    /** One of the two is told: what was done, or the line that says why not. */
    void change(FleetChangeRequest.Builder change, Consumer<FleetChangeReply> done, Consumer<String> refused) {
        FleetChangeRequest request = change.setFleetId(fleet.fleetId()).build();
        client.changeFleet(request, PATIENCE).whenComplete((reply, failure) -> {
            try {
                if (failure == null) {
                    fleet.told(reply.getConfigurationNumber());
                    done.accept(reply);
                } else if (failure instanceof RefusedException no && no.reason() == RefusedException.Reason.INVALID) {
                    refused.accept(no.getMessage());
                } else {
                    throw new LabFailure("%s failed: %s", request, failure);
                }
            } catch (RuntimeException | Error e) {
                fleet.scheduler().fail(e);
            }
        });
    }

    /** It must be done. */
    FleetChangeReply change(FleetChangeRequest.Builder change) {
        List<FleetChangeReply> replies = new ArrayList<>();
        change(change, replies::add, line -> {
            throw new LabFailure("%s was refused: %s", change, line);
        });
        fleet.await(ANSWER_MILLIS, "answered: " + change, () -> !replies.isEmpty());
        return replies.get(0);
    }

    /** It must be refused; the line. */
    String refusal(FleetChangeRequest.Builder change) {
        List<String> lines = new ArrayList<>();
        change(
                change,
                reply -> {
                    throw new LabFailure("%s was done: %s", change, reply);
                },
                lines::add);
        fleet.await(ANSWER_MILLIS, "answered: " + change, () -> !lines.isEmpty());
        return lines.get(0);
    }

    /** The newest configuration, which the controller's leader reads linearizably. All keys are covered, once. */
    Configuration newest() {
        Response response = controller(ConfigurationRequest.newBuilder().setLinearizable(true));
        KeyCover.check(response.getConfiguration());
        fleet.told(response.getConfiguration().getNumber());
        return response.getConfiguration();
    }

    /** Empty if there is none of this number. */
    Optional<Configuration> query(long number) {
        Response response = controller(ConfigurationRequest.newBuilder().setNumber(number));
        return response.hasConfiguration() ? Optional.of(response.getConfiguration()) : Optional.empty();
    }

    private Response controller(ConfigurationRequest.Builder asked) {
        List<Response> responses = new ArrayList<>();
        Request request = Request.newBuilder().setConfiguration(asked).build();
        client.callController(request, PATIENCE).whenComplete((response, failure) -> {
            if (failure == null) {
                responses.add(response);
            } else {
                fleet.scheduler().fail(new LabFailure("%s failed: %s", request, failure));
            }
        });
        fleet.await(ANSWER_MILLIS, "answered: " + request, () -> !responses.isEmpty());
        return responses.get(0);
    }

    /** What one node answers to a request as it is; empty if the node could not be reached. */
    Optional<Response> call(String address, Request request) {
        List<Optional<Response>> responses = new ArrayList<>();
        client.call(address, request, Duration.ofSeconds(10))
                .whenComplete((response, failure) -> responses.add(Optional.ofNullable(response)));
        fleet.await(ANSWER_MILLIS, "answered: " + request, () -> !responses.isEmpty());
        return responses.get(0);
    }
}
