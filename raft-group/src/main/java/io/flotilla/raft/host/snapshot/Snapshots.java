package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.HostGroups;
import io.flotilla.raft.host.shared.Inbox;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;

/**
 * Carries images of state machines to and from other nodes, on a lane of its own that may wait for disks: reading an
 * image here delays no heartbeat. Its methods may be called on any lane; sender and receiver belong to this one.
 */
public final class Snapshots {
    /** Bulk that came and was not looked at yet; beyond it more is dropped, and comes again. */
    private static final long INBOX_BYTES = 16L << 20;

    private static final int INBOX_MESSAGES = 10_000;

    private static final int MESSAGES_PER_TURN = 64;

    private final HostGroups state;
    private final Lane lane;
    private final Inbox<Arrival> inbox;
    private final SnapshotSender sender;
    private final SnapshotReceiver receiver;

    // the lane's own
    private boolean ticking;
    private boolean stopped;

    private record Arrival(NodeId from, BulkMessage message, int weight) {}

    /** @param seed where the numbers of this host's images begin: no two hosts begin at the same */
    public Snapshots(HostGroups state, Lane lane, long seed) {
        this.state = state;
        this.lane = lane;
        this.inbox = new Inbox<>(lane, INBOX_MESSAGES, INBOX_BYTES, this::turn);
        this.sender = new SnapshotSender(state, lane, seed);
        this.receiver = new SnapshotReceiver(state, lane);
    }

    public Lane lane() {
        return lane;
    }

    public void receive(NodeId from, BulkMessage message) {
        int weight = BulkCodec.weight(message);
        if (!inbox.offer(new Arrival(from, message, weight), 1, weight)) {
            state.counters.dropped.increment();
        }
    }

    private void turn() {
        for (int i = 0; i < MESSAGES_PER_TURN; i++) {
            Arrival arrival = inbox.take();
            if (arrival == null) {
                return;
            }
            inbox.taken(1, arrival.weight);
            if (!stopped) {
                handle(arrival.from, arrival.message);
                keepTicking();
            }
        }
    }

    private void handle(NodeId from, BulkMessage message) {
        if (message instanceof BulkMessage.Part part) {
            receiver.part(from, part);
        } else if (message instanceof BulkMessage.Ack ack) {
            sender.acknowledged(from, ack);
        } else if (message instanceof BulkMessage.Offer offer) {
            receiver.offered(from, offer);
        } else if (message instanceof BulkMessage.Result result) {
            sender.ended(from, result);
        }
    }

    private void run(Runnable task) {
        lane.execute(() -> {
            if (!stopped) {
                task.run();
                keepTicking();
            }
        });
    }

    /** A follower needs an image. */
    public void send(GroupReplica replica, NodeId to) {
        run(() -> sender.wanted(replica, to));
    }

    /** The image for a follower is here. */
    void taken(GroupReplica replica, NodeId to, long term, ImageBase base, SnapshotSource source) {
        lane.execute(() -> {
            if (stopped) {
                source.close();
            } else {
                sender.taken(replica, to, term, base, source);
                keepTicking();
            }
        });
    }

    /** There is no image for a follower. @param source to be closed, or null */
    public void notTaken(GroupReplica replica, NodeId to, SnapshotSource source) {
        lane.execute(() -> {
            if (source != null) {
                source.close();
            }
            if (!stopped) {
                sender.notTaken(replica, to);
            }
        });
    }

    /** The core's answer to an offer. @param objection null if the image is wanted */
    void answerOffer(IncomingImage image, BulkMessage.Outcome objection) {
        run(() -> receiver.answered(image, objection));
    }

    /** An image that was whole is installed, or will never be. */
    public void over(IncomingImage image, BulkMessage.Outcome outcome, String reason) {
        lane.execute(() -> {
            if (stopped) {
                image.sink.close();
            } else {
                receiver.over(image, outcome, reason);
            }
        });
    }

    private void keepTicking() {
        if (!ticking && (sender.isBusy() || receiver.isBusy())) {
            ticking = true;
            lane.after(state.config.snapshots().resendNanos() / 2, this::tick);
        }
    }

    private void tick() {
        ticking = false;
        if (!stopped) {
            sender.tick();
            receiver.tick();
            keepTicking();
        }
    }

    /** Gives everything up. On the lane. */
    public void stop() {
        stopped = true;
        sender.stop();
        receiver.stop();
    }
}
