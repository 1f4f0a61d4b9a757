package io.flotilla.raft.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embedded nodes on simulated ports: nothing waits. */
class RaftNodeTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Map<String, String> NODES = Map.of("n1", "n1:1", "n2", "n2:1", "n3", "n3:1");
    private static final long GROUP = 7;

    private final SimScheduler scheduler = new SimScheduler(1);
    private final SimNetwork network = new SimNetwork(scheduler);
    private final SplittableRandom random = scheduler.randomStream();
    private final Map<String, RaftNode> nodes = new LinkedHashMap<>();
    private final Map<String, SimRuntime> runtimes = new LinkedHashMap<>();
    private final Map<String, SimDisk> disks = new LinkedHashMap<>();
    private long restores;

    /** All words so far, one after the other. */
    private final class Words implements ReplicatedState {
        private String all = "";

        @Override
        public byte[] apply(byte[] command) {
            if (text(command).equals("boom")) {
                throw new IllegalStateException("boom");
            }
            all += text(command);
            return bytes(String.valueOf(all.length()));
        }

        @Override
        public byte[] save() {
            return bytes(all);
        }

        @Override
        public void restore(byte[] saved) {
            restores++;
            all = text(saved);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void start(String id) {
        SimRuntime runtime = new SimRuntime(scheduler, id, random.split(), 0, 0);
        runtimes.put(id, runtime);
        SimDisk disk = disks.computeIfAbsent(id, name -> new SimDisk(name, scheduler, 1));
        SimTransport transport = new SimTransport(network, runtime, new NodeId(id), NODES.get(id));
        NODES.forEach((other, address) -> transport.setAddress(new NodeId(other), address));
        runtime.lane("main").execute(() -> {
            try {
                nodes.put(
                        id,
                        RaftNode.builder(id, Path.of("not", "touched"))
                                .nodes(NODES)
                                .group(GROUP, Words::new)
                                .logBytes(32 << 10)
                                .runtime(runtime)
                                .disk(disk)
                                .transport(transport)
                                .open());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        until(() -> nodes.containsKey(id));
    }

    private void startAll() {
        NODES.keySet().stream().sorted().forEach(this::start);
    }

    private void kill(String id) {
        runtimes.remove(id).kill();
        nodes.remove(id);
        disks.computeIfPresent(id, (name, disk) -> disk.kill(scheduler.now()));
    }

    private void until(BooleanSupplier so) {
        long end = scheduler.now() + 30 * SECOND;
        while (!so.getAsBoolean()) {
            assertThat(scheduler.now()).isLessThan(end);
            scheduler.step();
        }
    }

    private RaftNode leader() {
        List<CompletableFuture<RaftNode>> all = new ArrayList<>();
        nodes.values().forEach(node -> all.add(node.leading(GROUP, Duration.ofSeconds(20))));
        CompletableFuture<Object> any = CompletableFuture.anyOf(all.toArray(new CompletableFuture<?>[0]));
        until(any::isDone);
        return (RaftNode) any.join();
    }

    private String id(RaftNode node) {
        return nodes.entrySet().stream()
                .filter(each -> each.getValue() == node)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    private <T> T done(CompletableFuture<T> future) throws ExecutionException {
        until(future::isDone);
        try {
            return future.get();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private String words() throws ExecutionException {
        return done(leader().read(GROUP, Words.class, words -> words.all));
    }

    private ProposalException refused(CompletableFuture<?> future) {
        until(future::isDone);
        try {
            future.join();
        } catch (RuntimeException e) {
            return (ProposalException) e.getCause();
        }
        throw new AssertionError("it was done");
    }

    @Test
    void commandsGoToTheLeaderAndReadsSeeThem() throws Exception {
        startAll();
        RaftNode leader = leader();
        assertThat(text(done(leader.propose(GROUP, bytes("one"))))).isEqualTo("3");
        assertThat(text(done(leader.propose(GROUP, bytes("two"))))).isEqualTo("6");
        assertThat(words()).isEqualTo("onetwo");
    }

    @Test
    void whoeverDoesNotLeadNamesTheLeader() {
        startAll();
        RaftNode leader = leader();
        scheduler.runUntil(scheduler.now() + SECOND);
        for (RaftNode node : nodes.values()) {
            if (node != leader) {
                ProposalException refused = refused(node.propose(GROUP, bytes("one")));
                assertThat(refused.leader()).contains(id(leader));
                assertThat(refused.mayBeDone()).isFalse();
                assertThat(refused).hasMessage("group 7 is led by " + id(leader) + ": ask there");
                assertThat(refused(node.read(GROUP, Words.class, words -> words.all))
                                .leader())
                        .contains(id(leader));
            }
        }
        ProposalException unknown = refused(leader.propose(8, bytes("one")));
        assertThat(unknown.refusal()).isInstanceOf(Refusal.NoReplica.class);
        assertThat(unknown.leader()).isEmpty();
    }

    @Test
    void anOutcomeThatNobodyKnowsIsSaidToBeOne() {
        startAll();
        RaftNode leader = leader();
        for (String other : NODES.keySet()) {
            network.cut(id(leader), other);
        }
        ProposalException refused = refused(leader.propose(GROUP, bytes("one")));
        assertThat(refused.mayBeDone()).isTrue();
        assertThat(refused.refusal()).isInstanceOf(Refusal.Indeterminate.class);
    }

    @Test
    void aRestartGoesOnFromTheSavedStateAndTheLog() throws Exception {
        startAll();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            String word = String.valueOf(i).repeat(300);
            expected.append(word);
            done(leader().propose(GROUP, bytes(word)));
        }
        assertThat(leader().host().status(GROUP).firstIndex())
                .as("the log was cut")
                .isGreaterThan(1);
        NODES.keySet().forEach(this::kill);
        startAll();
        assertThat(words()).isEqualTo(expected.toString());
        assertThat(restores).isEqualTo(3);
    }

    @Test
    void whoWasAwayTooLongGetsTheOthersState() throws Exception {
        startAll();
        done(leader().propose(GROUP, bytes("begin ")));
        String away = id(leader());
        kill(away);
        StringBuilder expected = new StringBuilder("begin ");
        for (int i = 0; i < 100; i++) {
            String word = String.valueOf(i).repeat(300);
            expected.append(word);
            done(leader().propose(GROUP, bytes(word)));
        }
        assertThat(leader().host().status(GROUP).firstIndex()).isGreaterThan(3);
        start(away);
        RaftNode back = nodes.get(away);
        until(() -> back.host().stats().snapshotsInstalled() == 1);
        for (String other : NODES.keySet()) {
            if (!other.equals(away) && nodes.get(other) != leader()) {
                kill(other);
            }
        }
        // a majority needs what it was sent now
        assertThat(words()).isEqualTo(expected.toString());
    }

    @Test
    void aQueryThatThrowsFailsAlone() throws Exception {
        startAll();
        CompletableFuture<Object> wrong = leader().read(GROUP, Words.class, words -> {
            throw new IllegalStateException("no such word");
        });
        until(wrong::isDone);
        assertThat(wrong).isCompletedExceptionally();
        assertThat(text(done(leader().propose(GROUP, bytes("one"))))).isEqualTo("3");
    }

    @Test
    void whoCanNotGoOnSaysSo() {
        startAll();
        RaftNode leader = leader();
        CompletableFuture<Throwable> failure = leader.failure();
        disks.get(id(leader)).failForceAfter(0);
        leader.propose(GROUP, bytes("one"));
        until(failure::isDone);
        assertThat(failure.join()).hasMessageContaining(SimDisk.SYNC_FAILED);
        assertThat(refused(leader.propose(GROUP, bytes("two"))).refusal()).isInstanceOf(Refusal.NoReplica.class);
    }

    @Test
    void leadingEndsWithItsTime() {
        startAll();
        RaftNode leader = leader();
        List<CompletableFuture<RaftNode>> others = new ArrayList<>();
        for (RaftNode node : nodes.values()) {
            if (node != leader) {
                others.add(node.leading(GROUP, Duration.ofSeconds(3)));
            }
        }
        until(() -> others.stream().allMatch(CompletableFuture::isDone));
        assertThat(others).allMatch(CompletableFuture::isCompletedExceptionally);
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> RaftNode.builder("n9", Path.of("x"))
                        .nodes(NODES)
                        .group(1, Words::new)
                        .open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name all nodes");
        assertThatThrownBy(
                        () -> RaftNode.builder("n1", Path.of("x")).nodes(NODES).open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one group");
        assertThatThrownBy(() -> RaftNode.builder("n1", Path.of("x"))
                        .group(1, Words::new)
                        .group(1, Words::new))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("used once");
    }

    @Test
    void aFailedOpeningLeavesNothingOpen(@TempDir Path directory) throws Exception {
        for (int tries = 0; tries < 2; tries++) {
            assertThatThrownBy(() -> RaftNode.builder("n1", directory)
                            .nodes(Map.of("n1", "203.0.113.1:1"))
                            .group(1, Words::new)
                            .open())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("can't listen at 203.0.113.1:1");
        }
    }
}
