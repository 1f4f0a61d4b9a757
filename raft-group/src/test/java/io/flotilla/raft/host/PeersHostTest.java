package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.DirectoryRefusedException;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a host hears, tells and remembers of other nodes, and what it tells of its replicas' roles; in virtual time. */
class PeersHostTest {
    private static final NodeId SELF = new NodeId("n1");
    private static final NodeId PEER = new NodeId("n2");
    private static final long SECOND = 1_000_000_000L;

    private final SimScheduler scheduler = new SimScheduler(3);
    private final MemoryNetwork network = new MemoryNetwork();
    private final List<String> heard = new ArrayList<>();
    private SimDisk disk = new SimDisk("n1", scheduler, 1);
    private SimRuntime runtime;
    private long until;
    private SegmentedLogStore log;
    private RaftHost host;
    private Consumer<Throwable> mayFail = cause -> {
        throw new AssertionError(cause);
    };

    private final class Listener implements HostListener {
        @Override
        public void groupFailed(long groupId, Throwable cause) {
            if (!cause.getMessage().contains("dropped")) {
                throw new AssertionError(cause);
            }
        }

        @Override
        public void nodeFailed(Throwable cause) {
            mayFail.accept(cause);
        }

        @Override
        public void peerUp(NodeId peer, NodeStart start) {
            heard.add(peer + " up " + start.incarnation());
        }

        @Override
        public void peerDown(NodeId peer, NodeStart start) {
            heard.add(peer + " down " + start.incarnation());
        }

        @Override
        public void absurd(long groupId, NodeId from, String why) {
            heard.add("group " + groupId + " dropped of " + from + ": " + why);
        }

        @Override
        public void roleChanged(long groupId, RoleName role, long term, NodeId leader) {
            heard.add(groupId + " " + role + " " + term + " " + leader);
        }
    }

    private void start() throws IOException {
        runtime = new SimRuntime(scheduler, "n1", new SplittableRandom(2), 0, 0);
        Lane lane = runtime.lane("main");
        List<IOException> failures = new ArrayList<>();
        lane.execute(() -> {
            try {
                log = SegmentedLogStore.open(disk, "log", new LogConfig(64 << 10, 1 << 20, 7, 4));
                HostLimits limits = HostLimits.of(256L << 20).withCounts(10_000, 10_000, 10_000);
                host = new RaftHost(
                        new HostConfig(SELF, CoreConfig.defaults(), 1, 1, 50_000_000L, limits),
                        runtime,
                        log,
                        NodeRecords.open(disk, log, 5),
                        network.transport(SELF),
                        new CounterMachine.Factory(new ConcurrentHashMap<>()),
                        disk,
                        new Listener());
                host.start();
            } catch (IOException e) {
                failures.add(e);
            }
        });
        run(SECOND);
        assertThat(failures).isEmpty();
    }

    /** A task that waits for the disk ends later than the time asked for: the next call does not begin there. */
    private void run(long nanos) {
        until += nanos;
        scheduler.runUntil(until);
    }

    private Transport peer(long incarnation) {
        Transport transport = network.transport(PEER);
        transport.start(new NodeStart(incarnation, 1, 0), () -> 0, peer -> PeerRecord.NONE, new TransportReceiver() {
            @Override
            public void receive(NodeId from, List<GroupMessage> messages) {}

            @Override
            public void receiveBulk(NodeId from, BulkMessage message) {}
        });
        return transport;
    }

    private void createAlone(long group) {
        host.createGroup(new GroupDescriptor(group, Membership.of(SELF), new byte[0]));
        run(5 * SECOND);
    }

    private void propose() {
        host.propose(1, new byte[] {1}, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {}

            @Override
            public void refused(Refusal refusal) {
                throw new AssertionError(refusal.toString());
            }
        });
    }

    @Test
    void theNewestDurableBatchIsToldWhenItHasMovedAtMostOnceASecond() throws IOException {
        start();
        peer(1);
        createAlone(1);
        network.ofNodes.clear();
        for (int i = 0; i < 1_000; i++) {
            propose();
            run(SECOND / 100);
        }
        assertThat(durableBatches()).hasSizeBetween(9, 11);
        assertThat(network.ofNodes).as("and how long its writes take").hasSizeBetween(17, 22);
        run(2 * SECOND);
        List<String> told = durableBatches();
        assertThat(told.get(told.size() - 1)).isEqualTo("n1 > n2 " + new NodeMessage.DurableBatch(log.lastBatch()));
        assertThat(told).doesNotHaveDuplicates();
        run(60 * SECOND);
        int count = network.ofNodes.size();
        run(600 * SECOND);
        assertThat(network.ofNodes).as("an idle node says nothing").hasSize(count);
        propose();
        run(SECOND / 10);
        assertThat(network.ofNodes).as("after a pause at once").hasSize(count + 1);
        assertThat(durableBatches()).hasSize(told.size() + 1);
    }

    private List<String> durableBatches() {
        return network.ofNodes.stream()
                .filter(one -> one.contains("DurableBatch"))
                .toList();
    }

    @Test
    void whatPeersSayIsHeardAndSurvivesARestart() throws IOException {
        start();
        assertThat(host.self()).isEqualTo(new NodeStart(1, 5, 0));
        Transport first = peer(7);
        first.send(SELF, new NodeMessage.DurableBatch(40));
        first.send(SELF, new NodeMessage.DurableBatch(30));
        assertThat(host.peers().get(PEER)).isEqualTo(new PeerStatus(new NodeStart(7, 1, 0), new PeerRecord(7, 1, 40)));
        run(2 * SECOND);
        first.send(SELF, new NodeMessage.DurableBatch(50));
        first.close();
        assertThat(host.peers().get(PEER)).isEqualTo(new PeerStatus(null, new PeerRecord(7, 1, 50)));
        Transport second = peer(8);
        run(2 * SECOND);
        assertThat(heard).containsExactly("n2 up 7", "n2 down 7", "n2 up 8");
        second.send(SELF, new NodeMessage.DurableBatch(60));
        run(2 * SECOND);

        runtime.kill();
        disk = disk.crash(scheduler.now(), new SplittableRandom(1));
        start();
        assertThat(host.self().incarnation()).isEqualTo(2);
        assertThat(host.peers().get(PEER).known())
                .as("the incarnation was written at once, the batch within a second")
                .isEqualTo(new PeerRecord(8, 1, 60));
    }

    @Test
    void anOrderlyStopForgetsNothing() throws IOException {
        start();
        Transport peer = peer(7);
        run(SECOND);
        peer.send(SELF, new NodeMessage.DurableBatch(50));
        host.close();
        run(5 * SECOND);
        assertThat(host.closed()).isDone();
        runtime.kill();
        network.transport(SELF).close();
        disk = disk.crash(scheduler.now(), new SplittableRandom(1));
        start();
        assertThat(host.peers().get(PEER).known()).isEqualTo(new PeerRecord(7, 1, 50));
    }

    @Test
    void aTermThatLeapsIsNotTakenAndTold() throws IOException {
        start();
        peer(1);
        createAlone(1);
        long term = host.status(1).state().term();
        EntryId last = new EntryId(1, 1);
        for (Message message : new Message[] {
            new Message.VoteRequest(1L << 50, last, true),
            new Message.VoteReply(1L << 50, false),
            new Message.HeartbeatReply(1L << 50, 1),
            new Message.AppendRequest(1L << 50, last, 1, List.of())
        }) {
            heard.clear();
            network.inject(PEER, SELF, new GroupMessage(1, message));
            run(SECOND);
            assertThat(heard)
                    .containsExactly("group 1 dropped of n2: it is of term " + (1L << 50) + ", and term " + term
                            + " is known here");
            assertThat(host.status(1).state().term()).isEqualTo(term);
        }
    }

    @Test
    void aNodeWhoseDirectoryWasPutBackWritesItDownAndStops() throws IOException {
        start();
        List<Throwable> ends = new ArrayList<>();
        mayFail = ends::add;
        network.outdate(SELF, PEER, "its log began with batch 3, and reached to batch 9 before");
        run(SECOND);
        assertThat(ends).hasSize(1);
        assertThat(ends.get(0))
                .isInstanceOf(DirectoryRefusedException.class)
                .hasMessageContaining("node n2 does not take this start: its log began with batch 3")
                .hasMessageContaining("older copy")
                .hasMessageContaining("put back the newest directory");
        runtime.kill();
        network.transport(SELF).close();
        disk = disk.crash(scheduler.now(), new SplittableRandom(1));
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> NodeRecords.open(
                            disk, SegmentedLogStore.open(disk, "log", new LogConfig(64 << 10, 1 << 20, 7, 4)), 5))
                    .isInstanceOf(DirectoryRefusedException.class)
                    .hasMessageContaining("its log began with batch 3");
        }
    }

    @Test
    void rolesAreToldWhenTheyChangeAndNotOtherwise() throws IOException {
        start();
        createAlone(1);
        assertThat(heard).last().isEqualTo("1 LEADER 1 n1");
        int told = heard.size();
        for (int i = 0; i < 100; i++) {
            propose();
            run(SECOND / 100);
        }
        run(60 * SECOND);
        assertThat(heard).hasSize(told);
        host.retire(1, Long.MAX_VALUE - 1, new RetireCallback() {
            @Override
            public void retired() {}

            @Override
            public void isMember(long index) {}

            @Override
            public void refused(Refusal refusal) {}
        });
        run(SECOND);
        assertThat(heard.subList(told, heard.size())).containsExactly("1 FOLLOWER 1 null");
    }
}
