package io.flotilla.ops.verify;

import com.fasterxml.jackson.core.JsonGenerator;
import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.NodeReports;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Verifies all data groups of a fleet, some at a time. Immutable once made. */
public final class Verification {
    /** So many groups at a time: a node adds up one after the other. */
    private static final int GROUPS_AT_A_TIME = 8;

    private static final Duration NODE_PATIENCE = Duration.ofSeconds(2);
    private static final Duration MOST_PATIENCE = Duration.ofSeconds(5);

    private final long configuration;
    private final List<GroupVerdict> verdicts;

    Verification(long configuration, List<GroupVerdict> verdicts) {
        this.configuration = configuration;
        this.verdicts = verdicts;
    }

    /**
     * Runs on the caller's thread and some more. Blocks.
     *
     * @param timeout for one operation
     * @param progress hears now and then how far it is, on the caller's thread
     * @throws io.flotilla.ops.cli.CliException if no endpoint tells a configuration
     */
    public static Verification of(AsyncFlotillaClient client, Duration timeout, Consumer<String> progress)
            throws InterruptedException {
        Configuration configuration = ClientFailures.await("verify", client.configuration(timeout));
        FleetStatus fleet = FleetStatus.merge(
                configuration, ClientFailures.await("verify", NodeReports.of(client, configuration, NODE_PATIENCE)));
        Map<String, String> addresses = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            addresses.put(node.getId(), node.getAddress());
        }
        GroupVerification verification = new GroupVerification(
                new ClientAsk(client, timeout, addresses), Math.min(timeout.toMillis(), MOST_PATIENCE.toMillis()));
        ExecutorService threads = Executors.newFixedThreadPool(GROUPS_AT_A_TIME, task -> {
            Thread thread = new Thread(task, "verify");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<CompletableFuture<GroupVerdict>> under = new ArrayList<>();
            for (Group group : configuration.getGroupsList()) {
                String leader = fleet.groups().get(under.size()).leader();
                under.add(CompletableFuture.supplyAsync(() -> verify(verification, group, leader), threads));
            }
            List<GroupVerdict> verdicts = new ArrayList<>();
            for (CompletableFuture<GroupVerdict> each : under) {
                progress.accept(verdicts.size() + " of " + under.size() + " groups verified");
                verdicts.add(ClientFailures.await("verify", each));
            }
            return new Verification(configuration.getNumber(), List.copyOf(verdicts));
        } finally {
            threads.shutdownNow();
        }
    }

    private static GroupVerdict verify(GroupVerification verification, Group group, String leader) {
        try {
            return verification.verify(group.getId(), leader, group.getReplicasList());
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("stopped", stopped);
        }
    }

    /** Asks through a client. */
    private record ClientAsk(AsyncFlotillaClient client, Duration timeout, Map<String, String> addresses)
            implements GroupVerification.Ask {
        @Override
        public CompletableFuture<Response> node(String node, Request request) {
            String address = addresses.get(node);
            return address == null
                    ? CompletableFuture.failedFuture(new IllegalStateException("its address is not known"))
                    : client.call(address, request, timeout);
        }

        @Override
        public long millis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }

        @Override
        public void sleep(long millis) throws InterruptedException {
            Thread.sleep(millis);
        }
    }

    /** Replicas of one group are in different states. */
    public boolean differs() {
        return verdicts.stream().anyMatch(GroupVerdict::differs);
    }

    /** The nodes whose replicas did not tell. */
    public List<String> missing() {
        TreeSet<String> nodes = new TreeSet<>();
        verdicts.forEach(verdict -> nodes.addAll(verdict.missing().keySet()));
        return List.copyOf(nodes);
    }

    /** One for each group, and how many there were. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        verdicts.forEach(verdict -> lines.add(verdict.line()));
        lines.add("verified groups="
                + verdicts.stream().filter(GroupVerdict::isWhole).count() + " of="
                + verdicts.size() + " replicas="
                + verdicts.stream()
                        .mapToInt(verdict -> verdict.checksums().size())
                        .sum());
        return lines;
    }

    /** The lines of the groups whose replicas differ. */
    public List<String> differences() {
        return verdicts.stream()
                .filter(GroupVerdict::differs)
                .map(GroupVerdict::line)
                .toList();
    }

    /** The fields of an object that is open. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeNumberField("configuration", configuration);
        json.writeBooleanField("same", !differs());
        json.writeBooleanField("complete", missing().isEmpty());
        json.writeArrayFieldStart("groups");
        for (GroupVerdict verdict : verdicts) {
            json.writeStartObject();
            verdict.writeTo(json);
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
