package io.flotilla.ops.node.production;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.ProgramVersion;
import io.flotilla.ops.node.configuration.ConfigurationHub;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.disk.os.OsDisk;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeServerTest {
    @TempDir
    Path data;

    private final TreeMap<NodeId, String> seeds = new TreeMap<>();
    private final List<Running> started = new ArrayList<>();

    private static final class Running implements NodeListener {
        final CompletableFuture<Void> ready = new CompletableFuture<>();
        final CompletableFuture<NodeFailure> failed = new CompletableFuture<>();
        final NodeServer server;

        Running(NodeServerConfig config) {
            server = new NodeServer(config, this);
        }

        @Override
        public void ready() {
            ready.complete(null);
        }

        @Override
        public void failed(NodeFailure failure) {
            failed.complete(failure);
            ready.completeExceptionally(new AssertionError(failure.message()));
        }

        void awaitReady() throws Exception {
            try {
                ready.get(60, TimeUnit.SECONDS);
            } catch (java.util.concurrent.TimeoutException e) {
                throw new AssertionError("not ready: " + server.status(), e);
            }
        }
    }

    @AfterEach
    void stop() {
        started.forEach(node -> node.server.close());
    }

    private static String freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    private void threeSeeds() throws IOException {
        for (String id : List.of("n1", "n2", "n3")) {
            seeds.put(new NodeId(id), freeAddress());
        }
    }

    private Running start(String id, String listen) throws NodeStartException {
        Running node = new Running(new NodeServerConfig(new NodeId(id), data.resolve(id), listen, "", seeds, 4, 16));
        node.server.start();
        started.add(node);
        return node;
    }

    private List<Running> startAll() throws Exception {
        threeSeeds();
        List<Running> nodes = new ArrayList<>();
        for (NodeId id : seeds.keySet()) {
            nodes.add(start(id.value(), seeds.get(id)));
        }
        for (Running node : nodes) {
            node.awaitReady();
        }
        return nodes;
    }

    private static String addressOf(String id, Configuration configuration) {
        return configuration.getNodesList().stream()
                .filter(node -> node.getId().equals(id))
                .map(Node::getAddress)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void directoriesOfAnotherVersionOrOfANewerFleetAreRefusedInOneLine() throws Exception {
        String address = freeAddress();
        seeds.put(new NodeId("n1"), address);
        Running first = start("n1", address);
        first.awaitReady();
        first.server.close();

        OsDisk disk = new OsDisk(data.resolve("n1"));
        StateFile configuration = new StateFile(disk, "configuration", ConfigurationHub.FILE_VERSION);
        byte[] content = configuration.read().orElseThrow();
        int level = ProgramVersion.FEATURE_LEVEL;
        configuration.write(Configuration.parseFrom(content).toBuilder()
                .setFeatureLevel(level + 1)
                .build()
                .toByteArray());
        assertRefused(address, "features up to level " + level, "is at level " + (level + 1), "release");
        new StateFile(disk, "configuration", 1).write(content);
        assertRefused(address, data.resolve("n1/configuration").toString(), "version v1", "v2", "empty directory");
        configuration.write(content);

        new StateFile(disk, "controller", 1).write(content);
        assertRefused(address, data.resolve("n1/controller").toString(), "version v1", "v3");
        new StateFile(disk, "controller", 1).delete();

        StateFile identity = new StateFile(disk, "identity", Identity.FILE_VERSION);
        content = identity.read().orElseThrow();
        new StateFile(disk, "identity", 1).write(content);
        assertRefused(address, data.resolve("n1/identity").toString(), "version v1", "v2");
        identity.write(content);

        start("n1", address).awaitReady();
    }

    private void assertRefused(String address, String... words) throws Exception {
        Running node = start("n1", address);
        NodeFailure failure = node.failed.get(60, TimeUnit.SECONDS);
        node.server.close();
        assertThat(failure.exitCode()).isEqualTo(NodeFailure.REFUSED);
        assertThat(failure.message()).contains(words).doesNotContain("\n");
    }

    @Test
    void aFleetIsFoundedServesAndFollowsANodeThatMoves() throws Exception {
        List<Running> nodes = startAll();
        try (FlotillaClient client = FlotillaClient.connect(ClientConfig.of(List.copyOf(seeds.values())))) {
            assertThat(client.configuration().getNumber()).isEqualTo(1);
            for (int i = 0; i < 50; i++) {
                client.put(("key " + i).getBytes(UTF_8), ("value " + i).getBytes(UTF_8));
            }

            assertThat(nodes.get(2).server.notReady()).isEmpty();
            nodes.get(2).server.close();
            assertThat(client.get("key 7".getBytes(UTF_8)).orElseThrow().value())
                    .isEqualTo("value 7".getBytes(UTF_8));
            Running moved = start("n3", freeAddress());
            moved.awaitReady();
            assertThat(moved.server.address()).isNotEqualTo(seeds.get(new NodeId("n3")));

            CompletableFuture<Configuration> followed = new CompletableFuture<>();
            client.async().onConfiguration(configuration -> {
                if (configuration.getNumber() >= 2) {
                    followed.complete(configuration);
                }
            });
            Configuration second = followed.get(30, TimeUnit.SECONDS);
            assertThat(second.getNumber()).isEqualTo(2);
            assertThat(addressOf("n3", second)).isEqualTo(moved.server.address());
            assertThat(addressOf("n1", second)).isEqualTo(seeds.get(new NodeId("n1")));

            // The moved node is needed now: of three, one more is gone.
            nodes.get(0).server.close();
            for (int i = 0; i < 50; i++) {
                assertThat(client.get(("key " + i).getBytes(UTF_8))
                                .orElseThrow()
                                .value())
                        .isEqualTo(("value " + i).getBytes(UTF_8));
            }
            client.put("last".getBytes(UTF_8), "word".getBytes(UTF_8));
        }
    }

    @Test
    void nodesThatAllMoveFindEachOtherByTheirSeeds() throws Exception {
        List<Running> nodes = startAll();
        String fleet = nodes.get(0).server.status().getFleetId();
        nodes.forEach(node -> node.server.close());

        List<Running> again = startAll();
        try (FlotillaClient client = FlotillaClient.connect(ClientConfig.of(List.copyOf(seeds.values())))) {
            client.put("k".getBytes(UTF_8), "v".getBytes(UTF_8));
            CompletableFuture<Configuration> followed = new CompletableFuture<>();
            client.async().onConfiguration(configuration -> {
                if (configuration.getNumber() == 4) {
                    followed.complete(configuration);
                }
            });
            Configuration fourth = followed.get(30, TimeUnit.SECONDS);
            assertThat(fourth.getFleetId()).isEqualTo(fleet);
            seeds.forEach(
                    (id, address) -> assertThat(addressOf(id.value(), fourth)).isEqualTo(address));
        }
        assertThat(again.get(0).server.status().getReady()).isTrue();
    }

    @Test
    void aDirectoryInUseAForeignOneAndATakenPortAreRefused() throws Exception {
        seeds.put(new NodeId("n1"), freeAddress());
        Running n1 = start("n1", seeds.get(new NodeId("n1")));
        n1.awaitReady();

        assertThatThrownBy(() -> start("n1", freeAddress()))
                .isInstanceOfSatisfying(
                        NodeStartException.class,
                        e -> assertThat(e.failure().exitCode()).isEqualTo(NodeFailure.REFUSED))
                .hasMessageContaining("in use");
        assertThatThrownBy(() -> start("n4", n1.server.address()))
                .isInstanceOfSatisfying(
                        NodeStartException.class,
                        e -> assertThat(e.failure().exitCode()).isEqualTo(NodeFailure.REFUSED))
                .hasMessageContaining(n1.server.address());
        assertThat(n1.server.status().getReady()).isTrue();

        n1.server.close();
        Files.move(data.resolve("n1"), data.resolve("n2"));
        Running foreign = start("n2", freeAddress());
        NodeFailure failure = foreign.failed.get(30, TimeUnit.SECONDS);
        assertThat(failure.exitCode()).isEqualTo(NodeFailure.REFUSED);
        assertThat(failure.message()).contains("n1", "n2", data.resolve("n2").toString());
    }

    @Test
    void aDamagedIdentityStopsTheNodeAndIsNamed() throws Exception {
        seeds.put(new NodeId("n1"), freeAddress());
        Running n1 = start("n1", seeds.get(new NodeId("n1")));
        n1.awaitReady();
        n1.server.close();
        Path identity = data.resolve("n1").resolve("identity");
        byte[] bytes = Files.readAllBytes(identity);
        bytes[bytes.length - 3] ^= 1;
        Files.write(identity, bytes);

        assertThat(n1.server.notReady()).as("not ready while it stops").isEqualTo("the node is stopping");
        Running damaged = start("n1", freeAddress());
        NodeFailure failure = damaged.failed.get(30, TimeUnit.SECONDS);
        assertThat(failure.exitCode()).isEqualTo(NodeFailure.BROKEN);
        assertThat(failure.message()).contains(identity.toString());
        assertThat(damaged.server.notReady())
                .as("not ready while its disk has failed")
                .isEqualTo(failure.message());
    }

    /** A node that took part comes back with all its files, or says which one is missing. */
    @Test
    void aNodeWithAFileMissingIsRefused() throws Exception {
        seeds.put(new NodeId("n1"), freeAddress());
        Running n1 = start("n1", seeds.get(new NodeId("n1")));
        n1.awaitReady();
        n1.server.close();
        Path whole = data.resolve("n1");
        Path log = whole.resolve("log");
        Path first = log.resolve("0000000001.log");
        Path manifest = log.resolve("MANIFEST");
        for (Path missing : List.of(whole.resolve("identity"), manifest, first)) {
            Path aside = data.resolve("aside");
            Files.move(missing, aside);
            assertBroken(missing);
            Files.move(aside, missing);
        }
        Path aside = data.resolve("aside");
        Files.move(log, aside);
        assertBroken(log);
        Files.deleteIfExists(whole.resolve("configuration"));
        Files.deleteIfExists(whole.resolve("controller"));
        assertBroken(log);
        Files.deleteIfExists(log);
        Files.move(aside, log);
        // the configuration is but a copy
        start("n1", seeds.get(new NodeId("n1"))).awaitReady();
    }

    private void assertBroken(Path missing) throws Exception {
        Running node = start("n1", seeds.get(new NodeId("n1")));
        NodeFailure failure = node.failed.get(30, TimeUnit.SECONDS);
        assertThat(failure.exitCode()).isEqualTo(NodeFailure.BROKEN);
        assertThat(failure.message()).contains(missing.toString());
        node.server.close();
    }
}
