package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Node processes between which shards move: what is asked of the controller, who leads, and when all is done. */
final class MovingFleet implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A voter that lags is waited for so long, and then some steps are to go. */
    static final Duration ENDS_WITHIN = Duration.ofSeconds(90);

    private static final Duration LOOK = Duration.ofSeconds(2);

    final ProcessFleet processes;
    final FlotillaClient client;

    MovingFleet(ProcessFleet processes) {
        this.processes = processes;
        client = FlotillaClient.connect(ClientConfig.of(processes.endpoints()).withTimeout(PATIENCE));
    }

    /** Five, ready, into which debuggers may look; with one group of the fleet's own choice. */
    static MovingFleet five(Path directory, int shards) throws Exception {
        ProcessFleet processes = new ProcessFleet(directory, 1, shards, "n1", "n2", "n3", "n4", "n5")
                .withJavaFlags("-Xmx256m")
                .withDebugPorts();
        try {
            processes.startAll();
            return new MovingFleet(processes);
        } catch (Exception | AssertionError e) {
            processes.close();
            throw e;
        }
    }

    AsyncFlotillaClient async() {
        return client.async();
    }

    // ---- changes ----

    CompletableFuture<FleetChangeReply> ask(FleetChangeRequest.Builder change) {
        return async().configuration(PATIENCE)
                .thenCompose(known -> async().changeFleet(
                                change.setFleetId(known.getFleetId()).build(), PATIENCE));
    }

    private FleetChangeReply change(FleetChangeRequest.Builder change) throws Exception {
        return ask(change).get(2, TimeUnit.MINUTES);
    }

    /** Its id, once it has a leader. */
    long join(String... replicas) throws Exception {
        FleetChangeReply reply = change(FleetChangeRequest.newBuilder()
                .setJoinGroup(JoinGroup.newBuilder().addAllReplicas(List.of(replicas))));
        leader(reply.getGroup());
        return reply.getGroup();
    }

    FleetChangeReply leave(long group) throws Exception {
        return change(FleetChangeRequest.newBuilder()
                .setLeaveGroup(LeaveGroup.newBuilder().setGroup(group)));
    }

    static FleetChangeRequest.Builder moveOf(long shard, long to) {
        return FleetChangeRequest.newBuilder()
                .setMoveShard(MoveShard.newBuilder().setShard(shard).setTo(to));
    }

    FleetChangeReply move(long shard, long to) throws Exception {
        return change(moveOf(shard, to));
    }

    FleetChangeReply rebalance() throws Exception {
        return change(FleetChangeRequest.newBuilder().setRebalance(Rebalance.getDefaultInstance()));
    }

    /** Groups with these replicas and no others; the first has all shards. Returns their ids once nothing moves any more. */
    List<Long> onlyGroups(List<List<String>> wanted) throws Exception {
        List<Group> before = settled().getGroupsList();
        List<Long> kept = new ArrayList<>();
        for (List<String> replicas : wanted) {
            Long found = null;
            for (Group group : before) {
                boolean same = List.copyOf(group.getReplicasList()).equals(replicas);
                found = found == null && same && !kept.contains(group.getId()) ? Long.valueOf(group.getId()) : found;
            }
            kept.add(found == null ? Long.valueOf(join(replicas.toArray(new String[0]))) : found);
        }
        for (Shard shard : configuration().getShardsList()) {
            if (shard.getGroup() != kept.get(0)) {
                move(shard.getId(), kept.get(0));
            }
        }
        settled();
        for (Group group : before) {
            if (!kept.contains(group.getId())) {
                leave(group.getId());
            }
        }
        settled();
        return kept;
    }

    // ---- looks ----

    /** The controller's newest; waits while it has no leader. */
    Configuration configuration() throws Exception {
        Request request = Request.newBuilder()
                .setConfiguration(ConfigurationRequest.newBuilder().setLinearizable(true))
                .build();
        Response response = async().callController(request, PATIENCE).get(2, TimeUnit.MINUTES);
        assertThat(response.hasConfiguration()).as(response.toString()).isTrue();
        return response.getConfiguration();
    }

    static Shard shard(Configuration configuration, long id) {
        return configuration.getShardsList().stream()
                .filter(shard -> shard.getId() == id)
                .findFirst()
                .orElseThrow();
    }

    /** What one node says of itself; empty fields if it does not answer. */
    NodeStatus status(String id) {
        if (!processes.isRunning(id)) {
            return NodeStatus.getDefaultInstance();
        }
        return async().nodeStatus(processes.address(id), LOOK)
                .exceptionally(down -> NodeStatus.getDefaultInstance())
                .join();
    }

    Map<String, NodeStatus> statuses() {
        Map<String, NodeStatus> all = new TreeMap<>();
        for (String id : processes.ids()) {
            all.put(id, status(id));
        }
        return all;
    }

    /** The node that leads the group; waits while none does. */
    String leader(long group) throws Exception {
        String[] found = {""};
        Poll.until("a leader of group " + group, PATIENCE, () -> {
            found[0] = leaderNow(group);
            return !found[0].isEmpty();
        });
        return found[0];
    }

    /** Of those that say that they lead, the one in the highest term; empty if none does. */
    String leaderNow(long group) {
        long term = -1;
        String leader = "";
        for (Map.Entry<String, NodeStatus> node : statuses().entrySet()) {
            for (ReplicaStatus replica : node.getValue().getReplicasList()) {
                boolean leads = replica.getGroup() == group && replica.getRole().equals("LEADER");
                if (leads && replica.getTerm() > term) {
                    term = replica.getTerm();
                    leader = node.getKey();
                }
            }
        }
        return leader;
    }

    /** The group's highest term that any node tells of. */
    long term(long group) {
        long term = 0;
        for (NodeStatus node : statuses().values()) {
            for (ReplicaStatus replica : node.getReplicasList()) {
                term = replica.getGroup() == group ? Math.max(term, replica.getTerm()) : term;
            }
        }
        return term;
    }

    /** Waits until every node serves, no shard moves, no group leaves, and nothing of what was moved is left. */
    Configuration settled() throws Exception {
        return settled(ENDS_WITHIN);
    }

    Configuration settled(Duration within) throws Exception {
        Configuration[] seen = {null};
        String[] missing = {""};
        try {
            Poll.until("all changes are over", within, () -> {
                seen[0] = configuration();
                missing[0] = missing(seen[0]);
                return missing[0].isEmpty();
            });
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "; still missing: " + missing[0], late);
        }
        return seen[0];
    }

    private String missing(Configuration configuration) {
        StringBuilder missing = new StringBuilder();
        for (Shard shard : configuration.getShardsList()) {
            if (shard.getTarget() != 0) {
                missing.append("shard ").append(shard.getId()).append(" moves; ");
            }
        }
        for (Group group : configuration.getGroupsList()) {
            if (group.getState() != GroupState.GROUP_STATE_ACTIVE) {
                missing.append("group ").append(group.getId()).append(" leaves; ");
            }
        }
        for (Map.Entry<String, NodeStatus> node : statuses().entrySet()) {
            NodeStatus status = node.getValue();
            if (!status.getReady() || status.getConfigurationNumber() < configuration.getNumber()) {
                missing.append(node.getKey()).append(" is not ready; ");
            }
            status.getMovesList()
                    .forEach(move -> missing.append(node.getKey())
                            .append(": shard ")
                            .append(move.getShard())
                            .append(' ')
                            .append(move.getPhase())
                            .append(" waits for ")
                            .append(move.getWaitsFor())
                            .append("; "));
        }
        return missing.toString();
    }

    // ---- faults ----

    void restart(String id) throws Exception {
        processes.launch(id);
        processes.awaitReady(id);
    }

    @Override
    public void close() {
        client.close();
        processes.close();
    }
}
