package io.flotilla.raft.host.group;

import io.flotilla.raft.host.apply.Applier;
import io.flotilla.raft.host.persistence.KnownPeers;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The orderly end of a host, lane after lane: workers, machines, snapshots, log. Used once; thread-safe. */
public final class HostShutdown {
    private final HostGroups state;
    private final GroupWorker[] workers;
    private final Applier[] appliers;
    private final Snapshots snapshots;
    private final KnownPeers peers;
    private final Lane reader;
    private final Lane writer;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    public HostShutdown(
            HostGroups state,
            GroupWorker[] workers,
            Applier[] appliers,
            Snapshots snapshots,
            KnownPeers peers,
            Lane reader,
            Lane writer) {
        this.state = state;
        this.workers = workers;
        this.appliers = appliers;
        this.snapshots = snapshots;
        this.peers = peers;
        this.reader = reader;
        this.writer = writer;
    }

    public void begin() {
        state.closing();
        List<CompletableFuture<Void>> stopped = new ArrayList<>();
        for (GroupWorker worker : workers) {
            stopped.add(run(worker.lane(), worker::stop));
        }
        all(stopped).thenRun(this::closeMachines);
    }

    private void closeMachines() {
        List<CompletableFuture<Void>> stopped = new ArrayList<>();
        for (Applier applier : appliers) {
            stopped.add(run(
                    applier.lane(),
                    () -> forEachReplica(state, replica -> replica.machine().closeOn(applier))));
        }
        stopped.add(run(reader, peers::writeLast));
        all(stopped).thenRun(this::closeSnapshots);
    }

    /** After what the appliers handed over to the workers last was refused: whose snapshots are then closed here. */
    private void closeSnapshots() {
        List<CompletableFuture<Void>> stopped = new ArrayList<>();
        for (GroupWorker worker : workers) {
            stopped.add(run(worker.lane(), () -> {}));
        }
        all(stopped)
                .thenRun(() -> run(snapshots.lane(), snapshots::stop)
                        .thenRun(() -> run(writer, this::closeLog).thenRun(() -> closed.complete(null))));
    }

    private void closeLog() {
        try {
            state.log.close();
        } catch (IOException e) {
            if (!state.hasFailed()) {
                state.listener.nodeFailed(e);
            }
        }
    }

    /** By ascending group. */
    public static void forEachReplica(HostGroups state, Consumer<GroupReplica> action) {
        state.replicas.values().stream()
                .sorted(Comparator.comparingLong(GroupReplica::groupId))
                .forEach(action);
    }

    /** @return completes when the task is over, however it ends */
    private static CompletableFuture<Void> run(Lane lane, Runnable task) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        lane.executeBlocking(() -> {
            try {
                task.run();
            } finally {
                over.complete(null);
            }
        });
        return over;
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> futures) {
        return CompletableFuture.allOf(futures.toArray(new CompletableFuture<?>[0]));
    }

    /** Completes once machines and log are closed, on one of the host's lanes. */
    public CompletableFuture<Void> closed() {
        return closed.copy();
    }
}
