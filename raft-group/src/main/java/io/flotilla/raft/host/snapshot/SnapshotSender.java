package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.OutgoingSnapshot.GroupReplicaKey;
import io.flotilla.raft.host.snapshot.OutgoingSnapshot.Stage;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transfer.TransferProvider;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.TransferId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offers snapshots to followers that need one, takes them when they ask, and keeps them until the follower is done or was not heard of for
 * {@link TransferConfig#keepNanos}: one that a machine made last can be read on after a restart. Belongs to the snapshot lane.
 *
 * <p>A transfer outlives the leadership it began in: what the snapshot holds is committed, whoever leads.
 */
final class SnapshotSender implements TransferProvider {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotSender.class);
    private static final long PROGRESS_NANOS = 1_000_000_000L;

    private final HostState state;
    private final LongFunction<? extends SnapshotOwner> owners;
    private final Transfers transfers;
    private final TransferConfig config;
    private final StateMachineFactory machines;
    /** In the order in which they were asked for. */
    private final List<OutgoingSnapshot> queue = new ArrayList<>();

    private final Map<GroupReplicaKey, OutgoingSnapshot> all = new TreeMap<>();
    /** Of earlier runs, not asked for yet. */
    private final List<String> found = new ArrayList<>();

    private long nextNumber;
    private boolean ticking;
    private boolean stopped;

    /** @param seed where the numbers of this host's snapshots begin: no two hosts begin at the same */
    SnapshotSender(
            HostState state,
            LongFunction<? extends SnapshotOwner> owners,
            Transfers transfers,
            StateMachineFactory machines,
            long seed) {
        this.state = state;
        this.owners = owners;
        this.transfers = transfers;
        this.config = transfers.config();
        this.machines = machines;
        this.nextNumber = seed >>> 2;
    }

    /** What earlier runs made last may be asked for again, for a while. */
    void recover() {
        found.addAll(machines.keptSnapshots());
        if (!found.isEmpty()) {
            transfers.lane().after(config.keepNanos(), () -> {
                found.forEach(this::forget);
                found.clear();
            });
        }
    }

    private void forget(String name) {
        try {
            machines.forgetSnapshot(name);
        } catch (RuntimeException | Error e) {
            LOG.warn("the snapshot {} can't be deleted, the next start will: {}", name, e.toString());
        }
    }

    /** A follower needs a snapshot. */
    void wanted(SnapshotOwner owner, NodeId to) {
        OutgoingSnapshot present = all.get(new GroupReplicaKey(owner.groupId(), to));
        if (present != null && isStale(present)) {
            discard(present);
            present = null;
        }
        if (present == null) {
            present = new OutgoingSnapshot(owner, to, SnapshotHead.id(owner.groupId(), nextNumber++));
            all.put(present.key, present);
            queue.add(present);
        }
        present.isAwaited = true;
        if (present.stage == Stage.RESTING) {
            offer(present);
        }
        takeNext();
    }

    /** Whether the log does not have any more what follows a snapshot that nobody asks for. */
    private static boolean isStale(OutgoingSnapshot snapshot) {
        return snapshot.stage == Stage.RESTING && snapshot.lastIndex + 1 < snapshot.owner.firstIndex();
    }

    private void takeNext() {
        for (int i = 0; i < queue.size() && active() < config.maxSending(); i++) {
            if (queue.get(i).stage == Stage.WAITING) {
                offer(queue.get(i));
            }
        }
    }

    private int active() {
        int active = 0;
        for (OutgoingSnapshot snapshot : all.values()) {
            boolean isActive =
                    snapshot.stage == Stage.OFFERED || snapshot.stage == Stage.TAKING || snapshot.stage == Stage.OPEN;
            active += isActive ? 1 : 0;
        }
        return active;
    }

    private void offer(OutgoingSnapshot snapshot) {
        enter(snapshot, Stage.OFFERED);
        snapshot.offeredAt = snapshot.changedAt;
        transfers.offer(snapshot.key.node(), snapshot.id);
    }

    private void enter(OutgoingSnapshot snapshot, Stage stage) {
        snapshot.stage = stage;
        snapshot.changedAt = state.clock.nanos();
        keepTicking();
    }

    @Override
    public void open(NodeId peer, TransferId id, byte[] position, Opening opening) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(SnapshotHead.groupOf(id), peer));
        if (snapshot == null || !snapshot.id.equals(id)) {
            reopen(peer, id, position, snapshot, opening);
        } else if (snapshot.content != null && (position.length > 0 || snapshot.head != null)) {
            opened(snapshot, opening);
        } else if (snapshot.content == null && snapshot.stage != Stage.FAILED && position.length == 0) {
            snapshot.opening = opening;
            if (snapshot.stage != Stage.TAKING) {
                enter(snapshot, Stage.TAKING);
                snapshot.owner.asked(peer);
            }
        } else {
            opening.refused(Reason.GONE, 0, "the snapshot is not here any more");
            fail(snapshot);
        }
    }

    private void opened(OutgoingSnapshot snapshot, Opening opening) {
        enter(snapshot, Stage.OPEN);
        snapshot.heardAt = snapshot.changedAt;
        opening.opened(snapshot.source());
    }

    /** One that an earlier run took. @param other what is meant for the same replica by now, or null */
    private void reopen(NodeId peer, TransferId id, byte[] position, OutgoingSnapshot other, Opening opening) {
        long group = SnapshotHead.groupOf(id);
        SnapshotOwner owner = group < 0 ? null : owners.apply(group);
        SnapshotSource content = null;
        if (owner != null && position.length > 0 && found.contains(id.toString())) {
            try {
                content = machines.reopenSnapshot(group, id.toString());
            } catch (RuntimeException | Error e) {
                LOG.warn("the snapshot {} of group {} can't be opened again: {}", id, group, e.toString());
            }
        }
        boolean isOtherOpen = other != null && (other.content != null || other.stage == Stage.TAKING);
        if (content == null || isOtherOpen) {
            if (content != null) {
                content.close();
            }
            opening.refused(Reason.GONE, 0, "the snapshot is not here any more");
            return;
        }
        found.remove(id.toString());
        OutgoingSnapshot snapshot = new OutgoingSnapshot(owner, peer, id);
        if (other != null) {
            snapshot.isAwaited = other.isAwaited;
            queue.remove(other);
        }
        snapshot.isNamed = true;
        snapshot.content = content;
        snapshot.lastIndex = content.index();
        all.put(snapshot.key, snapshot);
        queue.add(snapshot);
        owner.progress(peer, snapshot.lastIndex);
        opened(snapshot, opening);
    }

    /** The machine gave a snapshot: it is made to last, if the machine can. */
    void keep(SnapshotOwner owner, NodeId to, SnapshotSource source) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(owner.groupId(), to));
        // the machine may give several, if it was asked again before the first was here
        if (snapshot == null || snapshot.stage != Stage.TAKING || snapshot.isNamed) {
            source.close();
            return;
        }
        snapshot.isNamed = true;
        SnapshotSource kept = source;
        try {
            kept = source.keep(snapshot.name());
        } catch (RuntimeException | Error e) {
            LOG.warn(
                    "the snapshot of group {} for {} can't be made to last, so a restart begins it anew: {}",
                    owner.groupId(),
                    to,
                    e.toString());
        }
        SnapshotSource taken = kept;
        transfers.lane().goOn(() -> {
            if (state.isDown()) {
                taken.close(); // what a worker refuses now would come back here after the end
            } else {
                owner.taken(to, taken);
            }
        });
    }

    void taken(SnapshotOwner owner, NodeId to, long term, SnapshotBase base, SnapshotSource source) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(owner.groupId(), to));
        if (snapshot == null || snapshot.stage != Stage.TAKING) {
            source.close();
            return;
        }
        snapshot.content = source;
        snapshot.head = new SnapshotHead(term, base).encode();
        snapshot.lastIndex = base.last().index();
        opened(snapshot, snapshot.opening);
    }

    void notTaken(SnapshotOwner owner, NodeId to) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(owner.groupId(), to));
        if (snapshot != null && snapshot.stage == Stage.TAKING) {
            snapshot.opening.refused(Reason.GONE, 0, "no snapshot can be taken now");
            fail(snapshot);
        }
    }

    @Override
    public void asked(NodeId peer, TransferId id) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(SnapshotHead.groupOf(id), peer));
        long now = state.clock.nanos();
        if (snapshot == null || !snapshot.id.equals(id)) {
            return;
        }
        snapshot.heardAt = now;
        if (snapshot.stage == Stage.OPEN && now - snapshot.askedAt >= PROGRESS_NANOS) {
            snapshot.askedAt = now;
            snapshot.owner.progress(peer, snapshot.lastIndex);
        }
    }

    @Override
    public void closed(NodeId peer, TransferId id, Throwable cause) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(SnapshotHead.groupOf(id), peer));
        if (snapshot == null || !snapshot.id.equals(id)) {
            return;
        }
        if (cause != null) {
            snapshot.owner.failed(cause);
            fail(snapshot);
        } else if (snapshot.content == null) {
            fail(snapshot);
        } else {
            rest(snapshot);
        }
    }

    /** One that was opened again after a restart has no beginning: the follower gets another one. */
    @Override
    public void misplaced(NodeId peer, TransferId id) {
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(SnapshotHead.groupOf(id), peer));
        if (snapshot != null && snapshot.id.equals(id)) {
            fail(snapshot);
        }
    }

    /** Nobody asks. The core looks at the follower anew; what was taken stays for a while. */
    private void rest(OutgoingSnapshot snapshot) {
        enter(snapshot, Stage.RESTING);
        if (snapshot.isAwaited) {
            tell(snapshot, null);
        }
        takeNext();
    }

    @Override
    public void over(NodeId peer, TransferId id, Outcome outcome, String text) {
        if (found.remove(id.toString())) {
            forget(id.toString());
        }
        OutgoingSnapshot snapshot = all.get(new GroupReplicaKey(SnapshotHead.groupOf(id), peer));
        boolean isHeld = outcome == Outcome.HELD || outcome == Outcome.NOT_NEEDED;
        if (snapshot == null || snapshot.stage == Stage.FAILED) {
            return;
        }
        if (!snapshot.id.equals(id)) {
            if (isHeld && snapshot.content == null) {
                fail(snapshot); // it got another one meanwhile: the core finds out what it needs now
            }
            return;
        }
        if (!isHeld) {
            if (outcome == Outcome.GIVEN_UP) {
                LOG.warn("group {}: {} gave up its snapshot: {}", snapshot.key.groupId(), peer, text);
            }
            fail(snapshot);
            return;
        }
        if (outcome == Outcome.HELD) {
            state.counters.snapshotsSent.increment();
        }
        discard(snapshot);
        tell(snapshot, new EntryId(0, snapshot.lastIndex));
        takeNext();
    }

    /** The core hears of it a little later, so that it does not ask again at once. */
    private void fail(OutgoingSnapshot snapshot) {
        if (snapshot.stage == Stage.TAKING) {
            snapshot.opening.refused(Reason.GONE, 0, "the snapshot is not taken any more");
        }
        release(snapshot);
        enter(snapshot, Stage.FAILED);
        transfers.lane().after(config.retryNanos(), () -> {
            if (!stopped && all.get(snapshot.key) == snapshot) {
                discard(snapshot);
                tell(snapshot, null);
                takeNext();
            }
        });
        takeNext();
    }

    private void discard(OutgoingSnapshot snapshot) {
        release(snapshot);
        all.remove(snapshot.key, snapshot);
        queue.remove(snapshot);
    }

    private void release(OutgoingSnapshot snapshot) {
        if (snapshot.content != null) {
            snapshot.content.close();
            snapshot.content = null;
        }
        if (snapshot.isNamed) {
            snapshot.isNamed = false;
            forget(snapshot.name());
        }
    }

    private void tell(OutgoingSnapshot snapshot, EntryId last) {
        snapshot.isAwaited = false;
        transfers.lane().goOn(() -> snapshot.owner.sent(snapshot.key.node(), last));
    }

    private void keepTicking() {
        if (!ticking && !stopped && !all.isEmpty()) {
            ticking = true;
            transfers.lane().after(config.resendNanos() / 2, this::tick);
        }
    }

    private void tick() {
        ticking = false;
        if (stopped) {
            return;
        }
        long now = state.clock.nanos();
        for (OutgoingSnapshot snapshot : new ArrayList<>(queue)) {
            long inStage = now - snapshot.changedAt;
            if (snapshot.stage == Stage.OFFERED && inStage >= config.silenceNanos()) {
                if (snapshot.content == null) {
                    fail(snapshot);
                } else {
                    rest(snapshot);
                }
            } else if (snapshot.stage == Stage.OFFERED && now - snapshot.offeredAt >= config.resendNanos()) {
                remind(snapshot, now);
            } else if (snapshot.stage == Stage.OPEN
                    && snapshot.isAwaited
                    && now - Math.max(snapshot.heardAt, snapshot.offeredAt) >= config.resendNanos()) {
                // the end of the transfer may have been said and lost
                remind(snapshot, now);
            } else if (snapshot.stage == Stage.RESTING && (inStage >= config.keepNanos() || isStale(snapshot))) {
                discard(snapshot);
            }
        }
        keepTicking();
    }

    private void remind(OutgoingSnapshot snapshot, long now) {
        snapshot.offeredAt = now;
        transfers.offer(snapshot.key.node(), snapshot.id);
    }

    /** What lasts stays, for the next run. */
    void stop() {
        stopped = true;
        for (OutgoingSnapshot snapshot : all.values()) {
            if (snapshot.content != null) {
                snapshot.content.close();
            }
        }
    }
}
