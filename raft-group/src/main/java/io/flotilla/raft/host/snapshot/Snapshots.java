package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.BulkMessage;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * Binds Raft to the node's {@link Transfers}: snapshots of state machines that followers need, and those that replicas here get. Its
 * methods may be called on any lane; sender and receiver belong to the transfers' one.
 */
public final class Snapshots {
    private final HostState state;
    private final Transfers transfers;
    private final Lane lane;
    private final SnapshotSender sender;
    private final SnapshotReceiver receiver;

    /** The lane's own. */
    private boolean stopped;

    /**
     * @param owners the replica of a group, or null; any lane
     * @param seed where the numbers of this host's snapshots begin: no two hosts begin at the same
     */
    public Snapshots(
            HostState state,
            LongFunction<? extends SnapshotOwner> owners,
            Lane lane,
            Disk disk,
            StateMachineFactory machines,
            long seed) {
        this.state = state;
        this.lane = lane;
        this.transfers = new Transfers(
                state.config.transfers(), state.clock, lane, state.transport, disk, state.counters.transfers);
        this.sender = new SnapshotSender(state, owners, transfers, machines, seed);
        this.receiver = new SnapshotReceiver(state, owners, transfers);
        transfers.giveWayTo(state.counters.averageSyncNanos());
        transfers.bind(SnapshotHead.KIND, sender, receiver);
    }

    /** Goes on with what earlier runs began, once the replicas are known. */
    public void start(Consumer<Throwable> failed) {
        lane.execute(sender::recover);
        transfers.start(failed);
    }

    public Lane lane() {
        return lane;
    }

    public Transfers transfers() {
        return transfers;
    }

    public void receive(NodeId from, BulkMessage message) {
        if (!transfers.receive(from, message)) {
            state.counters.dropped.increment();
        }
    }

    private void run(Runnable task) {
        lane.execute(() -> {
            if (!stopped) {
                task.run();
            }
        });
    }

    /** A follower needs a snapshot. */
    public void send(SnapshotOwner owner, NodeId to) {
        run(() -> sender.wanted(owner, to));
    }

    /** The machine gave a snapshot for a follower. */
    public void keep(SnapshotOwner owner, NodeId to, SnapshotSource source) {
        lane.execute(() -> {
            if (stopped) {
                source.close();
            } else {
                sender.keep(owner, to, source);
            }
        });
    }

    /** The snapshot for a follower is here, and known to the core. */
    public void taken(SnapshotOwner owner, NodeId to, long term, SnapshotBase base, SnapshotSource source) {
        lane.execute(() -> {
            if (stopped) {
                source.close();
            } else {
                sender.taken(owner, to, term, base, source);
            }
        });
    }

    /** There is no snapshot for a follower. @param source to be closed, or null */
    public void notTaken(SnapshotOwner owner, NodeId to, SnapshotSource source) {
        lane.execute(() -> {
            if (source != null) {
                source.close();
            }
            if (!stopped) {
                sender.notTaken(owner, to);
            }
        });
    }

    /** The core's answer. */
    public void answer(IncomingSnapshot snapshot, boolean isRunning, boolean isWanted) {
        run(() -> receiver.answered(snapshot, isRunning, isWanted));
    }

    /** A snapshot that was whole is installed, or will never be. */
    public void over(IncomingSnapshot snapshot, BulkMessage.Outcome outcome, String text) {
        lane.execute(() -> {
            if (stopped) {
                SnapshotReceiver.closeSink(snapshot);
            } else {
                receiver.end(snapshot, outcome, text);
            }
        });
    }

    /** Lets everything rest. On the lane. */
    public void stop() {
        stopped = true;
        transfers.stop();
        sender.stop();
        receiver.stop();
    }
}
