package io.flotilla.raft.host;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** A host on threads with ticks of 5 ms, and what its listener heard. */
final class TestNode implements HostListener {
    static final CoreConfig CORE = CoreConfig.defaults();

    final NodeId id;
    final CounterMachine.Factory machines;
    final BlockingQueue<Throwable> nodeFailures = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> groupFailures = new LinkedBlockingQueue<>();
    /** Entries that were held back, and who sent them. */
    final BlockingQueue<HeldBack> heldBack = new LinkedBlockingQueue<>();
    /** What is answered to that. */
    volatile BooleanSupplier canPull = () -> true;

    final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> defects = new LinkedBlockingQueue<>();
    final Transport transport;
    final RaftHost host;
    private final ThreadRuntime runtime;

    /**
     * @param disk holds the node's records, if its log is to be used again, and parts of snapshots
     * @param kept what the machines of this node made durable
     */
    TestNode(
            NodeId id,
            Disk disk,
            LogStore log,
            Transport transport,
            Function<HostConfig, HostConfig> change,
            Map<Long, CounterMachine.Kept> kept) {
        this.id = id;
        this.machines = new CounterMachine.Factory(kept);
        this.transport = transport;
        this.runtime = new ThreadRuntime(id.value(), (lane, cause) -> defects.add(cause));
        HostConfig config = new HostConfig(
                id, CORE, 2, 2, 5_000_000L, HostLimits.of(256L << 20).withCounts(10_000, 10_000, 10_000));
        NodeRecords records;
        try {
            records = NodeRecords.open(disk, log, runtime.randomSeed());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.host = new RaftHost(change.apply(config), runtime, log, records, transport, machines, disk, this);
    }

    TestNode(NodeId id, LogStore log, Transport transport, Function<HostConfig, HostConfig> change) {
        this(id, disk(id), log, transport, change, new ConcurrentHashMap<>());
    }

    TestNode(NodeId id, LogStore log, Transport transport) {
        this(id, log, transport, config -> config);
    }

    static Disk disk(NodeId id) {
        return SharedDisk.of(new SimDisk(id.value(), DiskTimer.standalone(), 1));
    }

    @Override
    public void groupFailed(long groupId, Throwable cause) {
        groupFailures.add(groupId);
    }

    record HeldBack(long group, Entry entry, NodeId from) {}

    @Override
    public boolean heldBack(long groupId, Entry entry, NodeId from) {
        heldBack.add(new HeldBack(groupId, entry, from));
        return canPull.getAsBoolean();
    }

    @Override
    public void told(NodeId from, byte[] bytes) {
        told.add(from + " " + new String(bytes, StandardCharsets.UTF_8));
    }

    @Override
    public void nodeFailed(Throwable cause) {
        nodeFailures.add(cause);
    }

    /** Either the result, or a {@link RefusedException}. */
    CompletableFuture<Object> propose(long groupId, byte[] payload) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        host.propose(groupId, payload, completing(outcome));
        return outcome;
    }

    private static ProposalCallback completing(CompletableFuture<Object> outcome) {
        return new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                outcome.complete(result);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new RefusedException(refusal));
            }
        };
    }

    CompletableFuture<Object> proposeGuarded(long groupId, String payload) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        host.proposeGuarded(groupId, payload.getBytes(StandardCharsets.UTF_8), completing(outcome));
        return outcome;
    }

    CompletableFuture<Object> increment(long groupId) {
        return propose(groupId, "+1".getBytes(StandardCharsets.UTF_8));
    }

    CompletableFuture<Object> read(long groupId) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        host.read(groupId, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                long count = machine.as(CounterMachine.class).count();
                return () -> outcome.complete(count);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new RefusedException(refusal));
            }
        });
        return outcome;
    }

    /** An orderly stop. */
    void close() throws Exception {
        host.close();
        host.closed().get(20, TimeUnit.SECONDS);
        transport.close();
        runtime.close();
    }

    /** A stop at once: nothing is finished. */
    void kill() {
        transport.close();
        runtime.close();
    }

    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;
        final transient Refusal refusal;

        RefusedException(Refusal refusal) {
            super(refusal.toString());
            this.refusal = refusal;
        }
    }
}
