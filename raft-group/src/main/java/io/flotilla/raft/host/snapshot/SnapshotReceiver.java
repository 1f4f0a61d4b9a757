package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.transfer.TransferReceiver;
import io.flotilla.raft.transfer.TransferStore;
import io.flotilla.raft.transfer.TransferTarget;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.TransferId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches snapshots that other replicas offer, one per group, and hands them to the state machine once all parts are here. Nothing of the
 * replica's state is touched before, so nothing that goes wrong until then is the replica's concern. Belongs to the snapshot lane.
 */
final class SnapshotReceiver implements TransferTarget {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotReceiver.class);

    /** So many parts are given to a sink in one task. */
    private static final int PARTS_PER_TASK = 16;

    private final HostState state;
    private final LongFunction<? extends SnapshotOwner> owners;
    private final Transfers transfers;
    private final TransferReceiver receiver;
    private final Map<Long, IncomingSnapshot> all = new TreeMap<>();
    /** The disk failed a transfer: before this time none is begun. */
    private long pausedUntil;

    private boolean paused;
    private boolean stopped;

    SnapshotReceiver(HostState state, LongFunction<? extends SnapshotOwner> owners, Transfers transfers) {
        this.state = state;
        this.owners = owners;
        this.transfers = transfers;
        this.receiver = transfers.receiver();
    }

    @Override
    public void offered(NodeId from, TransferId id) {
        long group = SnapshotHead.groupOf(id);
        IncomingSnapshot present = all.get(group);
        if (present != null
                && present.stage.compareTo(IncomingSnapshot.Stage.READING) < 0
                && receiver.isOverdue(present.id)) {
            end(present, Outcome.GIVEN_UP, "nothing came for too long, and " + from + " offers another one");
            present = null;
        }
        SnapshotOwner owner = ownerOf(group);
        if (owner == null) {
            receiver.decline(from, id, Outcome.GIVEN_UP, "there is no replica of group " + group + " here");
        } else if (present != null || isPaused() || !receiver.fetch(from, id, this)) {
            receiver.decline(from, id, Outcome.BUSY, "");
        } else {
            all.put(group, new IncomingSnapshot(from, id, owner));
        }
    }

    /** Null if there is none, or only what is left of one that is dropped: no core will ever run there. */
    private SnapshotOwner ownerOf(long group) {
        SnapshotOwner owner = group < 0 ? null : owners.apply(group);
        return owner == null || owner.isDropping() ? null : owner;
    }

    private boolean isPaused() {
        paused &= state.clock.nanos() - pausedUntil < 0;
        return paused;
    }

    private void pause() {
        paused = true;
        pausedUntil = state.clock.nanos() + transfers.config().silenceNanos();
    }

    @Override
    public boolean recovered(NodeId from, TransferId id) {
        long group = SnapshotHead.groupOf(id);
        SnapshotOwner owner = ownerOf(group);
        return owner != null && all.putIfAbsent(group, new IncomingSnapshot(from, id, owner)) == null;
    }

    private IncomingSnapshot find(TransferId id) {
        IncomingSnapshot snapshot = all.get(SnapshotHead.groupOf(id));
        return snapshot != null && snapshot.id.equals(id) ? snapshot : null;
    }

    @Override
    public void begun(TransferId id, byte[] first) {
        IncomingSnapshot snapshot = find(id);
        if (snapshot == null) {
            receiver.end(id, Outcome.GIVEN_UP, "nobody here waits for it");
            return;
        }
        try {
            snapshot.head = SnapshotHead.decode(first);
        } catch (IllegalArgumentException e) {
            end(snapshot, Outcome.GIVEN_UP, "the first part makes no sense: " + e.getMessage());
            return;
        }
        askCore(snapshot);
    }

    private void askCore(IncomingSnapshot snapshot) {
        snapshot.owner.offered(snapshot);
    }

    /** @param isRunning whether there is a core to ask yet: after a restart it comes a little later */
    void answered(IncomingSnapshot snapshot, boolean isRunning, boolean isWanted) {
        if (all.get(snapshot.owner.groupId()) != snapshot) {
            return;
        }
        if (!isRunning) {
            boolean isGone = ownerOf(snapshot.owner.groupId()) != snapshot.owner;
            if (isGone || snapshot.owner.hasEnded()) {
                end(snapshot, Outcome.GIVEN_UP, "the replica does not run");
            } else {
                transfers.lane().after(transfers.config().resendNanos(), () -> {
                    if (!stopped && all.get(snapshot.owner.groupId()) == snapshot) {
                        askCore(snapshot);
                    }
                });
            }
        } else if (!isWanted) {
            end(snapshot, Outcome.NOT_NEEDED, "");
        } else if (snapshot.stage == IncomingSnapshot.Stage.RECEIVING) {
            snapshot.stage = IncomingSnapshot.Stage.WANTED;
            readIfWhole(snapshot);
        }
    }

    @Override
    public void whole(TransferId id, TransferStore parts) {
        IncomingSnapshot snapshot = find(id);
        if (snapshot == null) {
            receiver.end(id, Outcome.GIVEN_UP, "nobody here waits for it");
        } else {
            snapshot.parts = parts;
            readIfWhole(snapshot);
        }
    }

    private void readIfWhole(IncomingSnapshot snapshot) {
        if (snapshot.parts == null || snapshot.stage != IncomingSnapshot.Stage.WANTED) {
            return;
        }
        StateMachine machine = snapshot.owner.machine();
        if (machine == null) {
            end(snapshot, Outcome.GIVEN_UP, "the replica does not run");
            return;
        }
        snapshot.stage = IncomingSnapshot.Stage.READING;
        try {
            TransferStore.Reader reader = snapshot.parts.read();
            reader.next(); // the head
            snapshot.sink = machine.receiveSnapshot();
            read(snapshot, reader);
        } catch (IOException | RuntimeException | Error e) {
            unreadable(snapshot, e);
        }
    }

    /** Gives some parts to the sink; the rest is left to a task of its own, so that other transfers have their turn. */
    private void read(IncomingSnapshot snapshot, TransferStore.Reader reader) {
        if (stopped || all.get(snapshot.owner.groupId()) != snapshot) {
            return;
        }
        try {
            for (int i = 0; i < PARTS_PER_TASK; i++) {
                byte[] part = reader.next();
                if (part == null) {
                    snapshot.sink.finish();
                    snapshot.stage = IncomingSnapshot.Stage.INSTALLING;
                    transfers.lane().goOn(() -> snapshot.owner.received(snapshot));
                    return;
                }
                if (part.length > 0) {
                    snapshot.sink.accept(part);
                }
            }
            transfers.lane().execute(() -> read(snapshot, reader));
        } catch (IOException | RuntimeException | Error e) {
            unreadable(snapshot, e);
        }
    }

    /** A snapshot that makes no sense, or a disk without room for it: the replica itself has lost nothing. */
    private void unreadable(IncomingSnapshot snapshot, Throwable cause) {
        String text = "it can't be read or kept: " + cause.getMessage();
        if (!(cause instanceof IllegalArgumentException)) {
            pause();
        }
        LOG.warn(
                "group {}: the snapshot from {} was given up: {}",
                snapshot.owner.groupId(),
                snapshot.from,
                cause.toString());
        end(snapshot, Outcome.GIVEN_UP, text);
    }

    @Override
    public void failed(TransferId id, Failure failure, String text) {
        IncomingSnapshot snapshot = find(id);
        if (failure == Failure.DISK) {
            pause();
        }
        if (snapshot != null) {
            LOG.warn(
                    "group {}: the snapshot from {} was given up ({}): {}",
                    snapshot.owner.groupId(),
                    snapshot.from,
                    failure,
                    text);
            close(snapshot);
        }
    }

    void end(IncomingSnapshot snapshot, Outcome outcome, String text) {
        close(snapshot);
        receiver.end(snapshot.id, outcome, text);
    }

    private void close(IncomingSnapshot snapshot) {
        all.remove(snapshot.owner.groupId(), snapshot);
        closeSink(snapshot);
    }

    static void closeSink(IncomingSnapshot snapshot) {
        if (snapshot.sink != null) {
            try {
                snapshot.sink.close();
            } catch (RuntimeException e) {
                LOG.warn("what was read of a snapshot can't be deleted, the next start will: {}", e.toString());
            }
        }
    }

    /** What is on its way into a machine is closed by whoever has it. */
    void stop() {
        stopped = true;
        for (IncomingSnapshot snapshot : new ArrayList<>(all.values())) {
            if (snapshot.stage != IncomingSnapshot.Stage.INSTALLING) {
                close(snapshot);
            }
        }
    }
}
