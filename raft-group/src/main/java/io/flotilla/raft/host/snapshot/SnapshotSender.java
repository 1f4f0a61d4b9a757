package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.SnapshotConfig;
import io.flotilla.raft.host.group.Events;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.SnapshotEvents;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkMessage.Ack;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Result;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends images to followers, a few at a time. Parts are read as the window of the receiver allows and kept until it has
 * them, so a broken connection costs what was in the window and nothing else. Belongs to the snapshot lane.
 *
 * <p>A transfer outlives the leadership it began in: what the image holds is committed, whoever leads.
 */
final class SnapshotSender {
    private static final long NANOS = 1_000_000_000L;
    private static final long BURST_NANOS = 20_000_000L;
    private static final int LONGEST_BACKOFF = 3;

    /** So many acknowledgements of less than was acknowledged before, one after the other, are no late ones. */
    private static final int ACKS_BELOW_WINDOW = 8;

    private final HostState state;
    private final SnapshotConfig config;
    private final Lane lane;
    /** In the order in which they were asked for. */
    private final Map<Key, OutgoingImage> images = new LinkedHashMap<>();

    private long nextNumber;
    private int active;
    private long paidUntil;
    private boolean pumpPlanned;

    private record Key(long groupId, NodeId to) {}

    SnapshotSender(HostState state, Lane lane, long seed) {
        this.state = state;
        this.config = state.config.snapshots();
        this.lane = lane;
        this.nextNumber = seed >>> 2;
        this.paidUntil = state.clock.nanos();
    }

    boolean isBusy() {
        return active > 0;
    }

    void wanted(GroupReplica replica, NodeId to) {
        if (images.putIfAbsent(key(replica, to), new OutgoingImage(replica, to)) == null) {
            takeNext();
        }
    }

    private void takeNext() {
        Iterator<OutgoingImage> all = images.values().iterator();
        while (active < config.maxSending() && all.hasNext()) {
            OutgoingImage image = all.next();
            if (image.stage == OutgoingImage.Stage.WAITING) {
                active++;
                image.stage = OutgoingImage.Stage.TAKING;
                image.replica.machine().submitTakeImage(image.to);
            }
        }
    }

    void taken(GroupReplica replica, NodeId to, long term, ImageBase base, SnapshotSource source) {
        OutgoingImage image = images.get(key(replica, to));
        image.stage = OutgoingImage.Stage.OFFERED;
        image.number = nextNumber++;
        image.term = term;
        image.last = base.last();
        image.membership = base.membership();
        image.source = source;
        image.heardAt = state.clock.nanos();
        offer(image);
    }

    void notTaken(GroupReplica replica, NodeId to) {
        fail(images.get(key(replica, to)));
    }

    private void offer(OutgoingImage image) {
        image.sentAt = state.clock.nanos();
        state.transport.sendBulk(
                image.to, new Offer(image.replica.groupId(), image.number, image.term, image.last, image.membership));
    }

    void acknowledged(NodeId from, Ack ack) {
        OutgoingImage image = find(from, ack.groupId(), ack.image());
        if (image == null || ack.next() > image.nextPart) {
            return;
        }
        if (!image.window.isEmpty() && ack.next() < image.window.peek().number()) {
            // late, or from a follower that restarted and took a late copy of the offer: it has lost what it
            // acknowledged
            if (++image.acksBelowWindow >= ACKS_BELOW_WINDOW) {
                fail(image);
            }
            return;
        }
        image.heardAt = state.clock.nanos();
        image.silentResends = 0;
        image.acksBelowWindow = 0;
        image.stage = OutgoingImage.Stage.SENDING;
        while (!image.window.isEmpty()
                && image.window.peek().number() < ack.next()
                && !image.window.peek().isLast()) {
            image.window.poll();
        }
        fill(image);
    }

    private OutgoingImage find(NodeId from, long groupId, long number) {
        OutgoingImage image = images.get(new Key(groupId, from));
        boolean isOut = image != null
                && (image.stage == OutgoingImage.Stage.OFFERED || image.stage == OutgoingImage.Stage.SENDING);
        return isOut && image.number == number ? image : null;
    }

    /** Reads and sends as much as the window and the rate allow. */
    private void fill(OutgoingImage image) {
        while (!image.isAllRead && image.window.size() < config.windowParts()) {
            if (!maySend()) {
                return;
            }
            byte[] bytes;
            try {
                bytes = image.source.next(config.partBytes());
            } catch (RuntimeException | Error e) {
                fail(image);
                image.replica.worker().answer(new Events.MachineFailed(image.replica, e));
                return;
            }
            image.isAllRead = bytes == null;
            Part part = new Part(
                    image.replica.groupId(),
                    image.number,
                    image.nextPart++,
                    image.isAllRead,
                    bytes == null ? new byte[0] : bytes);
            image.window.add(part);
            send(image, part);
        }
    }

    private void send(OutgoingImage image, Part part) {
        long now = state.clock.nanos();
        long bytes = part.bytes().length;
        paidUntil = Math.max(paidUntil, now) + (long) ((double) bytes * NANOS / config.bytesPerSecond());
        image.sentAt = now;
        state.counters.snapshotBytesOut.add(bytes);
        state.transport.sendBulk(image.to, part);
    }

    /** Whether the rate allows one more part now; if not, all images go on when it does. */
    private boolean maySend() {
        long wait = paidUntil - state.clock.nanos() - BURST_NANOS;
        if (wait <= 0) {
            return true;
        }
        if (!pumpPlanned) {
            pumpPlanned = true;
            lane.after(wait, this::pump);
        }
        return false;
    }

    private void pump() {
        pumpPlanned = false;
        for (OutgoingImage image : sending()) {
            fill(image);
        }
    }

    private List<OutgoingImage> sending() {
        List<OutgoingImage> found = new ArrayList<>();
        for (OutgoingImage image : images.values()) {
            if (image.stage == OutgoingImage.Stage.SENDING) {
                found.add(image);
            }
        }
        return found;
    }

    void ended(NodeId from, Result result) {
        OutgoingImage image = find(from, result.groupId(), result.image());
        if (image == null) {
            return;
        }
        if (result.outcome() != Outcome.INSTALLED && result.outcome() != Outcome.NOT_NEEDED) {
            fail(image);
            return;
        }
        if (result.outcome() == Outcome.INSTALLED) {
            state.counters.snapshotsSent.increment();
        }
        release(image);
        images.remove(key(image.replica, image.to));
        tell(image, image.last);
        takeNext();
    }

    /** The core hears of it a little later, so that it does not ask again at once. */
    private void fail(OutgoingImage image) {
        release(image);
        image.stage = OutgoingImage.Stage.FAILED;
        lane.after(config.retryNanos(), () -> {
            images.remove(key(image.replica, image.to));
            tell(image, null);
        });
        takeNext();
    }

    private void tell(OutgoingImage image, EntryId last) {
        SnapshotEvents.Sent event = new SnapshotEvents.Sent(image.replica, image.to, last);
        lane.goOn(() -> image.replica.worker().answer(event));
    }

    private void release(OutgoingImage image) {
        active--;
        image.window.clear();
        if (image.source != null) {
            image.source.close();
            image.source = null;
        }
    }

    void tick() {
        long now = state.clock.nanos();
        for (OutgoingImage image : new ArrayList<>(images.values())) {
            boolean isOffered = image.stage == OutgoingImage.Stage.OFFERED;
            if (!isOffered && image.stage != OutgoingImage.Stage.SENDING) {
                continue;
            }
            if (now - image.heardAt >= config.silenceNanos()) {
                fail(image);
            } else if (now - image.sentAt >= config.resendNanos() << image.backoff(LONGEST_BACKOFF)) {
                image.silentResends++;
                if (isOffered) {
                    offer(image);
                } else {
                    resend(image);
                }
            }
        }
    }

    private void resend(OutgoingImage image) {
        for (Part part : image.window) {
            if (!maySend()) {
                return;
            }
            send(image, part);
        }
        fill(image);
    }

    void stop() {
        for (OutgoingImage image : images.values()) {
            if (image.source != null) {
                image.source.close();
            }
        }
        images.clear();
        active = 0;
    }

    private static Key key(GroupReplica replica, NodeId to) {
        return new Key(replica.groupId(), to);
    }
}
