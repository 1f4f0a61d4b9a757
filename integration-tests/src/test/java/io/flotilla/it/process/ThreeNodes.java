package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaChecksum;
import io.flotilla.client.proto.ReplicaChecksumRequest;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What tests of three processes write, and how they see that all replicas came to hold it. */
final class ThreeNodes {
    static final List<String> NODES = List.of("n1", "n2", "n3");

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int IN_FLIGHT = 256;

    private ThreeNodes() {}

    /** Values that don't compress, under keys spread over all shards. */
    private static CompletableFuture<?> put(AsyncFlotillaClient client, long number, int valueBytes) {
        byte[] value = new byte[valueBytes];
        SplittableRandom random = new SplittableRandom(number);
        random.nextBytes(value);
        byte[] key = new byte[12];
        random.nextBytes(key);
        return client.put(key, value, TIMEOUT);
    }

    /** The values of these numbers; returns once all are acknowledged. */
    static void write(AsyncFlotillaClient client, long from, long to, int valueBytes) throws Exception {
        ArrayDeque<CompletableFuture<?>> open = new ArrayDeque<>();
        for (long number = from; number < to; number++) {
            if (open.size() == IN_FLIGHT) {
                open.remove().get(1, TimeUnit.MINUTES);
            }
            open.add(put(client, number, valueBytes));
        }
        while (!open.isEmpty()) {
            open.remove().get(1, TimeUnit.MINUTES);
        }
    }

    static NodeStatus status(AsyncFlotillaClient client, ProcessFleet fleet, String id) throws Exception {
        return client.nodeStatus(fleet.address(id), TIMEOUT).get(1, TimeUnit.MINUTES);
    }

    /** Until all replicas have applied the same entries; then they must agree. */
    static void awaitEqualChecksums(AsyncFlotillaClient client, ProcessFleet fleet, int groups) throws Exception {
        for (long group = 1; group <= groups; group++) {
            long asked = group;
            Poll.until("a checksum of all replicas of group " + group + " at one index", Duration.ofMinutes(2), () -> {
                long applied = 0;
                for (String id : NODES) {
                    applied = Math.max(applied, appliedIndex(status(client, fleet, id), asked));
                }
                Set<ReplicaChecksum> seen = new HashSet<>();
                for (String id : NODES) {
                    Request request = Request.newBuilder()
                            .setReplicaChecksum(ReplicaChecksumRequest.newBuilder()
                                    .setGroup(asked)
                                    .setNotBelow(applied))
                            .build();
                    Response response =
                            client.call(fleet.address(id), request, TIMEOUT).get(1, TimeUnit.MINUTES);
                    if (!response.hasReplicaChecksum()) {
                        assertThat(response.getRefusal().getKind())
                                .as(response.toString())
                                .isEqualTo(Refusal.Kind.BUSY);
                        return false;
                    }
                    seen.add(response.getReplicaChecksum());
                }
                boolean oneIndex = seen.stream()
                                .map(ReplicaChecksum::getAppliedIndex)
                                .distinct()
                                .count()
                        == 1;
                if (oneIndex) {
                    assertThat(seen).as("group " + asked).hasSize(1);
                }
                return oneIndex;
            });
        }
    }

    private static long appliedIndex(NodeStatus node, long group) {
        return node.getReplicasList().stream()
                .filter(replica -> replica.getGroup() == group)
                .mapToLong(ReplicaStatus::getAppliedIndex)
                .findFirst()
                .orElseThrow();
    }
}
