package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.Transport;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * A node's transfers to and from other nodes, on a lane of their own that may wait for disks: reading or keeping a content here delays no
 * heartbeat. {@link #receive} may be called on any lane, all else belongs to this one, but for binding, which comes before the start.
 */
public final class Transfers {
    /** What came and was not looked at yet; beyond it more is dropped, and asked for again. */
    private static final long INBOX_BYTES = 16L << 20;

    private static final int ITEM_BYTES = 512;
    private static final int MESSAGES_PER_TURN = 64;

    private final TransferConfig config;
    private final Lane lane;
    private final Transport transport;
    private final TransferPace pace;
    private final TransferSender sender;
    private final TransferReceiver receiver;
    private final TransferCounters counters;
    private final Map<Integer, TransferProvider> providers = new TreeMap<>();
    private final Map<Integer, TransferTarget> targets = new TreeMap<>();

    private final MpscUnboundedAtomicArrayQueue<Arrival> inbox = new MpscUnboundedAtomicArrayQueue<>(256);
    private final AtomicLong inboxBytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    // the lane's own
    private boolean started;
    private boolean ticking;
    private boolean stopped;

    private record Arrival(NodeId from, BulkMessage message, int weight) {}

    /** @param disk where parts are kept, in a directory {@code transfers} */
    public Transfers(
            TransferConfig config, Clock clock, Lane lane, Transport transport, Disk disk, TransferCounters counters) {
        this.config = config;
        this.lane = lane;
        this.transport = transport;
        this.counters = counters;
        this.pace = new TransferPace(lane, config);
        this.sender = new TransferSender(config, clock, lane, transport, providers::get, pace, counters);
        this.receiver = new TransferReceiver(config, clock, lane, transport, disk, targets::get, pace, counters);
    }

    /** Says whose transfers of a kind are, see {@link TransferId#kind}. Before the start. */
    public void bind(int kind, TransferProvider provider, TransferTarget target) {
        providers.put(kind, provider);
        targets.put(kind, target);
    }

    /**
     * Says how to know that groups wait, whose work goes first: see {@link TransferPace}. Before the start.
     *
     * @param averageNanos of the writes of the log since it was asked last; negative if there were none. Asked on the transfer lane
     */
    public void giveWayTo(LongSupplier averageNanos) {
        pace.giveWayTo(averageNanos);
    }

    /** Of everything that moves rows on this node, by whatever way. On the lane. */
    public TransferPace pace() {
        return pace;
    }

    /**
     * Goes on with what earlier runs left, then with what others send.
     *
     * @param failed hears what the node can't go on with: what earlier runs left can't be read, or a sync failed
     */
    public void start(Consumer<Throwable> failed) {
        lane.execute(() -> {
            if (stopped) {
                return;
            }
            receiver.tellFailedSyncs(failed);
            try {
                receiver.recover();
            } catch (IOException | RuntimeException e) {
                failed.accept(e);
                return;
            }
            started = true;
            schedule();
            keepTicking();
        });
    }

    public Lane lane() {
        return lane;
    }

    public TransferConfig config() {
        return config;
    }

    public TransferCounters counters() {
        return counters;
    }

    public TransferReceiver receiver() {
        return receiver;
    }

    /** Tells a node that there is something for it under an id. */
    public void offer(NodeId to, TransferId id) {
        transport.sendBulk(to, new BulkMessage.Offer(id));
    }

    /** @return false if too much waits already: it is dropped. Any lane */
    public boolean receive(NodeId from, BulkMessage message) {
        int weight = BulkCodec.weight(message) + ITEM_BYTES;
        if (inboxBytes.get() > 0 && inboxBytes.get() + weight > INBOX_BYTES) {
            return false;
        }
        inboxBytes.addAndGet(weight);
        inbox.offer(new Arrival(from, message, weight));
        schedule();
        return true;
    }

    /** What came and was not looked at yet. Any lane. */
    public void held(Held held) {
        held.add("transfer inbox bytes", inboxBytes.get());
    }

    private void schedule() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            lane.execute(this::turn);
        }
    }

    private void turn() {
        for (int i = 0; i < MESSAGES_PER_TURN && started; i++) {
            Arrival arrival = inbox.poll();
            if (arrival == null) {
                break;
            }
            inboxBytes.addAndGet(-arrival.weight);
            if (!stopped) {
                handle(arrival.from, arrival.message);
            }
        }
        keepTicking();
        scheduled.set(false);
        if (started && !inbox.isEmpty()) {
            schedule();
        }
    }

    private void handle(NodeId from, BulkMessage message) {
        if (message instanceof Ask ask) {
            sender.asked(from, ask);
        } else if (message instanceof Over over) {
            sender.over(from, over);
        } else {
            receiver.handle(from, message);
        }
    }

    /** To be called after {@link TransferReceiver#fetch} outside of a call from here. */
    public void keepTicking() {
        if (!ticking && !stopped && (sender.isBusy() || receiver.isBusy())) {
            ticking = true;
            lane.after(config.resendNanos() / 2, this::tick);
        }
    }

    private void tick() {
        ticking = false;
        if (!stopped) {
            sender.tick();
            receiver.tick(inbox.isEmpty());
            keepTicking();
        }
    }

    /** Lets everything rest; parts stay for the next run. */
    public void stop() {
        stopped = true;
        sender.stop();
        receiver.stop();
    }
}
