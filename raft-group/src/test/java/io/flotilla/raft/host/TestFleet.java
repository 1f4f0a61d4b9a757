package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.transport.Transport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Three test nodes, and a caller that looks for the leader as a client would. */
class TestFleet {
    static final List<NodeId> IDS = List.of(new NodeId("n1"), new NodeId("n2"), new NodeId("n3"));
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    final TreeMap<NodeId, TestNode> nodes = new TreeMap<>();
    final Map<NodeId, Map<Long, CounterMachine.Kept>> kept = new TreeMap<>();
    final Map<NodeId, Disk> disks = new TreeMap<>();
    private final Function<NodeId, LogStore> logs;
    private final Function<NodeId, Transport> transports;

    TestFleet(Function<NodeId, LogStore> logs, Function<NodeId, Transport> transports) {
        this.logs = logs;
        this.transports = transports;
    }

    HostConfig change(HostConfig config) {
        return config;
    }

    static GroupDescriptor group(long id) {
        return new GroupDescriptor(id, Membership.of(IDS), new byte[0]);
    }

    TestNode start(NodeId id) {
        TestNode node = new TestNode(
                id,
                disks.computeIfAbsent(id, TestNode::disk),
                logs.apply(id),
                transports.apply(id),
                this::change,
                kept.computeIfAbsent(id, i -> new ConcurrentHashMap<>()));
        nodes.put(id, node);
        node.host.start();
        return node;
    }

    void startAll() {
        IDS.forEach(this::start);
    }

    void create(long groups) {
        for (TestNode node : nodes.values()) {
            for (long id = 1; id <= groups; id++) {
                node.host.createGroup(group(id));
            }
        }
    }

    /** Asks node after node until one answers. An indeterminate outcome is not asked again. */
    Object untilDone(Function<TestNode, CompletableFuture<Object>> call) throws Exception {
        long end = System.nanoTime() + LIMIT_NANOS;
        Throwable last = null;
        while (System.nanoTime() < end) {
            for (TestNode node : new ArrayList<>(nodes.values())) {
                try {
                    return call.apply(node).get(60, TimeUnit.SECONDS);
                } catch (ExecutionException e) {
                    last = e.getCause();
                } catch (TimeoutException e) {
                    last = e;
                }
            }
            CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS))
                    .join();
        }
        throw new AssertionError("nobody answered: " + describe(), last);
    }

    String describe() {
        StringBuilder all = new StringBuilder();
        for (TestNode node : nodes.values()) {
            all.append(node.id).append(' ').append(node.host.stats());
            node.host.status().forEach(status -> all.append("\n  ").append(status));
            node.nodeFailures.forEach(cause -> all.append("\n  failed: ").append(text(cause)));
            node.defects.forEach(cause -> all.append("\n  defect: ").append(text(cause)));
            all.append('\n');
        }
        return all.toString();
    }

    private static String text(Throwable cause) {
        StringWriter text = new StringWriter();
        cause.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    TestNode leaderOf(long groupId) throws Exception {
        untilDone(node -> node.read(groupId));
        for (TestNode node : nodes.values()) {
            GroupStatus status = node.host.status(groupId);
            if (status != null && node.id.equals(status.leader())) {
                return node;
            }
        }
        return leaderOf(groupId);
    }

    void closeAll() throws Exception {
        for (TestNode node : nodes.values()) {
            node.close();
        }
        nodes.clear();
    }
}
