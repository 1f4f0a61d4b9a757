package io.flotilla.raft.host.group;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.DiskHangsException;
import io.flotilla.raft.host.apply.Applier;
import io.flotilla.raft.host.persistence.BatchListener;
import io.flotilla.raft.host.persistence.DurableBatches;
import io.flotilla.raft.host.persistence.LogOwner;
import io.flotilla.raft.host.persistence.LogReader;
import io.flotilla.raft.host.persistence.LogWriter;
import io.flotilla.raft.host.persistence.PendingWrite;
import io.flotilla.raft.host.shared.DiskWatch;
import io.flotilla.raft.host.shared.Inbox;
import io.flotilla.raft.host.shared.PeerOutbox;
import io.flotilla.raft.host.shared.SyncTimes;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Owns some of the node's groups on one lane. In a turn it handles a bounded number of events, then lets every core
 * that was touched give out what it owes, once, and hands that on: one frame per peer, one list to the log writer, one
 * to each applier. So a busy group can't keep the others waiting, and what many groups do at once travels together.
 */
public final class GroupWorker implements BatchListener {
    private static final int EVENTS_PER_TURN = 1024;
    private static final long BYTES_PER_TURN = 2L << 20;
    private static final int TICKS_AFTER_STALL = 3;

    private final HostGroups state;
    private final Lane lane;
    private final boolean looksAtLoad;
    private final LogWriter writer;
    private final LogReader reader;
    private final Snapshots snapshots;
    private final Applier[] appliers;
    private final Inbox<Event> inbox;

    // the lane's own
    private final List<GroupReplica> running = new ArrayList<>();
    private final List<GroupReplica> touched = new ArrayList<>();
    private final PeerOutbox outbox;
    private List<PendingWrite> writes = new ArrayList<>();
    private final List<List<Runnable>> machineWork = new ArrayList<>();
    private final List<DiskWatch.Look> watches = new ArrayList<>();
    private final Consumer<Throwable> nodeFailed;
    private final Consumer<String> outdated;
    private boolean someHalted;
    private boolean ticking;
    private long lastTick;

    /** All workers of a host; the first one looks at the node's load. */
    public static GroupWorker[] all(
            int count,
            HostGroups state,
            LogWriter writer,
            LogReader reader,
            Snapshots snapshots,
            Applier[] appliers,
            Consumer<Throwable> nodeFailed,
            Consumer<String> outdated) {
        GroupWorker[] workers = new GroupWorker[count];
        for (int i = 0; i < count; i++) {
            Lane lane = state.runtime.nonBlockingLane("group-worker-" + i);
            workers[i] =
                    new GroupWorker(state, lane, i == 0, writer, reader, snapshots, appliers, nodeFailed, outdated);
        }
        return workers;
    }

    private GroupWorker(
            HostGroups state,
            Lane lane,
            boolean looksAtLoad,
            LogWriter writer,
            LogReader reader,
            Snapshots snapshots,
            Applier[] appliers,
            Consumer<Throwable> nodeFailed,
            Consumer<String> outdated) {
        this.state = state;
        this.lane = lane;
        this.looksAtLoad = looksAtLoad;
        this.writer = writer;
        this.reader = reader;
        this.snapshots = snapshots;
        this.appliers = appliers;
        this.nodeFailed = nodeFailed;
        this.outdated = outdated;
        this.outbox = new PeerOutbox(state);
        watches.add(new DiskWatch.Look(writer.watch()));
        for (Applier applier : appliers) {
            watches.add(new DiskWatch.Look(applier.watch()));
        }
        for (int i = 0; i < appliers.length; i++) {
            machineWork.add(new ArrayList<>());
        }
        this.inbox = new Inbox<>(
                lane,
                state.clock,
                state.pace::nanosOfTurns,
                state.config.limits().maxInboxEvents(),
                state.config.limits().maxInboxBytes(),
                this::turn);
    }

    public Lane lane() {
        return lane;
    }

    public HostGroups state() {
        return state;
    }

    /**
     * The one way to this worker. Any lane.
     *
     * @return false if too much waits already, which is never so for an answer: what weighs nothing
     */
    public boolean post(Event event) {
        if (event.weight() == 0) {
            inbox.put(event);
            return true;
        }
        return inbox.offer(event, event.weight(), event.bytes());
    }

    /** What of its bounds is taken. Any lane. */
    public void held(Held held) {
        inbox.held("worker inbox", held);
    }

    @Override
    public void durable(DurableBatches batches) {
        post(new Event.Durable(batches));
    }

    private void turn() {
        Check.that(lane.isCurrent(), "a turn of %s outside its lane", lane.name());
        int events = 0;
        long bytes = 0;
        while (events < EVENTS_PER_TURN && bytes < BYTES_PER_TURN) {
            Event event = inbox.take();
            if (event == null) {
                break;
            }
            inbox.taken(event.weight(), event.bytes());
            if (state.isDown()) {
                event.refuse(this);
            } else {
                events += Math.max(1, event.weight());
                bytes += event.bytes();
                event.handle(this);
            }
        }
        inbox.carried(events, bytes);
        endTurn();
    }

    private void endTurn() {
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).endTurn();
        }
        touched.clear();
        outbox.flush();
        if (!writes.isEmpty()) {
            writer.submit(writes);
            writes = new ArrayList<>();
        }
        for (int i = 0; i < appliers.length; i++) {
            if (!machineWork.get(i).isEmpty()) {
                appliers[i].submit(machineWork.get(i));
                machineWork.set(i, new ArrayList<>());
            }
        }
        if (someHalted) {
            someHalted = false;
            running.removeIf(replica -> !replica.isRunning());
        }
    }

    void touch(GroupReplica replica) {
        touched.add(replica);
    }

    /** @param nanos read after the message was taken from the network */
    void receive(NodeId from, GroupMessage groupMessage, long nanos) {
        GroupReplica replica = state.replicas.get(groupMessage.groupId());
        if (replica == null || !replica.isRunning()) {
            state.counters.unknownGroup.increment();
            return;
        }
        if (groupMessage.message() instanceof Message.AppendRequest append
                && !append.entries().isEmpty()
                && writer.isFarBehind()) {
            state.counters.dropped.increment();
            return;
        }
        replica.receive(from, groupMessage.message(), nanos);
    }

    /** A replica has lost what it acknowledged, so the node's directory is not the one that it last ran with. */
    void outdated(String why) {
        outdated.accept(why);
    }

    void addRunning(GroupReplica replica) {
        running.add(replica);
        if (!ticking) {
            ticking = true;
            lastTick = tickNumber();
            awaitTick();
        }
    }

    void halted() {
        someHalted = true;
    }

    PeerOutbox outbox() {
        return outbox;
    }

    LogReader reader() {
        return reader;
    }

    Snapshots snapshots() {
        return snapshots;
    }

    void write(LogOwner owner, PersistBatch batch) {
        writes.add(new PendingWrite(owner, batch, null));
    }

    void write(LogOwner owner, Tombstone tombstone) {
        writes.add(new PendingWrite(owner, null, tombstone));
    }

    /** Adds to what the applier gets at the end of the turn. */
    void apply(Applier applier, Runnable work) {
        machineWork.get(applier.number()).add(work);
    }

    private long tickNumber() {
        return Math.floorDiv(state.clock.nanos(), state.config.tickNanos());
    }

    private void awaitTick() {
        long now = state.clock.nanos();
        long tick = state.config.tickNanos();
        lane.after(tick - Math.floorMod(now, tick), this::tick);
    }

    /**
     * Tick numbers come from the clock, so that all groups of all workers send their heartbeats together. After a stall
     * only a few of the missed ticks are made up for, and among them one with a heartbeat if any had one: the time that
     * this node slept says nothing about its peers.
     */
    private void tick() {
        if (state.isDown()) {
            return;
        }
        long now = tickNumber();
        if (looksAtLoad) {
            state.pace.look(state.clock.nanos());
        }
        if (now > lastTick) {
            lookAtSyncTimes(now);
            long first = Math.max(lastTick + 1, now - TICKS_AFTER_STALL + 1);
            int heartbeat = state.config.core().heartbeatTicks();
            long missedHeartbeat = Math.floorDiv(first - 1, (long) heartbeat) * heartbeat;
            if (missedHeartbeat > lastTick && Math.floorDiv(now, (long) heartbeat) * heartbeat < first) {
                tick(missedHeartbeat);
            }
            for (long number = first; number <= now; number++) {
                tick(number);
            }
            lookAfterDisks(Math.min(now - lastTick, TICKS_AFTER_STALL) * state.config.tickNanos());
            lastTick = now;
            endTurn();
        }
        awaitTick();
    }

    /** @param nanos since the last look, but only those in which this process surely ran */
    private void lookAfterDisks(long nanos) {
        for (int i = 0; i < watches.size(); i++) {
            long lasting = watches.get(i).look(nanos);
            if (lasting > state.config.limits().maxDiskNanos()) {
                nodeFailed.accept(new DiskHangsException(watches.get(i).what() + " has not come back for "
                        + lasting / 1_000_000_000L + " s: the disk hangs"));
                return;
            }
        }
    }

    private void lookAtSyncTimes(long number) {
        SyncTimes.News news = state.syncTimes.tick(number);
        if (news.own() >= 0) {
            writer.tell(new NodeMessage.SyncTime(news.own()));
        }
        if (news.changed() != null) {
            state.listener.diskPaceChanged(news.changed());
        }
    }

    private void tick(long number) {
        long nanos = state.nanos();
        for (int i = 0; i < running.size(); i++) {
            running.get(i).tick(number, nanos);
        }
    }

    /** The host is down: everything that waits is answered. What was decided in the last turn still goes its way. */
    public void stop() {
        for (int i = 0; i < running.size(); i++) {
            running.get(i).stop();
        }
        running.clear();
        state.replicas.values().stream()
                .filter(replica -> replica.worker() == this)
                .sorted(Comparator.comparingLong(GroupReplica::groupId))
                .forEach(GroupReplica::stop);
    }
}
