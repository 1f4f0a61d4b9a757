package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.SnapshotConfig;
import io.flotilla.raft.host.group.Events;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.HostGroups;
import io.flotilla.raft.host.group.SnapshotEvents;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.BulkMessage.Ack;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Result;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Takes images of other replicas, a few at a time and one per group, and hands them to the state machine once they are
 * whole. Parts are taken in order only, so nothing is kept here: what comes early comes again. Belongs to the snapshot
 * lane.
 */
final class SnapshotReceiver {
    /** Results that a sender may not have heard; it asks again soon or never. */
    private static final int MAX_RESULTS = 256;

    /** A sender repeats itself so often in the time after which another one may take its place. */
    private static final int RESENDS_UNHEARD = 6;

    private final HostGroups state;
    private final SnapshotConfig config;
    private final Lane lane;
    private final Map<Long, IncomingImage> images = new TreeMap<>();
    private final Map<Long, Ended> results = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Ended> eldest) {
            return size() > MAX_RESULTS;
        }
    };

    private record Ended(NodeId from, Result result) {}

    SnapshotReceiver(HostGroups state, Lane lane) {
        this.state = state;
        this.config = state.config.snapshots();
        this.lane = lane;
    }

    boolean isBusy() {
        return !images.isEmpty();
    }

    void offered(NodeId from, Offer offer) {
        IncomingImage present = images.get(offer.groupId());
        if (present != null && present.is(from, offer)) {
            present.heardAt = state.clock.nanos();
            if (present.stage != IncomingImage.Stage.OFFERED) {
                acknowledge(present);
            }
            return;
        }
        if (repeatResult(from, offer)) {
            return;
        }
        if (present != null && present.stage == IncomingImage.Stage.RECEIVING && isUnheard(present)) {
            drop(present);
            present = null;
        }
        GroupReplica replica = state.replicas.get(offer.groupId());
        if (replica == null) {
            refuse(from, offer, Outcome.REFUSED, "there is no replica of group " + offer.groupId() + " here");
        } else if (present != null || images.size() >= config.maxReceiving()) {
            refuse(from, offer, Outcome.BUSY, "");
        } else {
            IncomingImage image = new IncomingImage(from, offer, replica);
            image.heardAt = state.clock.nanos();
            images.put(offer.groupId(), image);
            replica.worker().answer(new SnapshotEvents.Offered(replica, image));
        }
    }

    private boolean isUnheard(IncomingImage image) {
        return state.clock.nanos() - image.heardAt >= RESENDS_UNHEARD * config.resendNanos();
    }

    void answered(IncomingImage image, Outcome objection) {
        if (images.get(image.groupId) != image) {
            return;
        }
        StateMachine machine = image.replica.machine().machine();
        if (objection != null || machine == null) {
            over(image, objection == null ? Outcome.REFUSED : objection, "");
            return;
        }
        try {
            image.sink = machine.receiveSnapshot();
        } catch (RuntimeException | Error e) {
            fail(image, e);
            return;
        }
        image.stage = IncomingImage.Stage.RECEIVING;
        acknowledge(image);
    }

    void part(NodeId from, Part part) {
        IncomingImage image = images.get(part.groupId());
        if (image == null || !image.is(from, part)) {
            if (!repeatResult(from, part)) {
                refuse(from, part, Outcome.UNKNOWN, "");
            }
            return;
        }
        image.heardAt = state.clock.nanos();
        if (image.stage == IncomingImage.Stage.OFFERED) {
            return;
        }
        if (image.stage == IncomingImage.Stage.RECEIVING && part.number() == image.next && !take(image, part)) {
            return;
        }
        acknowledge(image);
    }

    /** @return false if the image is of no use any more */
    private boolean take(IncomingImage image, Part part) {
        try {
            if (part.isLast()) {
                image.sink.finish();
            } else {
                image.sink.accept(part.bytes());
            }
        } catch (IllegalArgumentException e) {
            over(image, Outcome.REFUSED, "part " + part.number() + " of the image: " + e.getMessage());
            return false;
        } catch (RuntimeException | Error e) {
            fail(image, e);
            return false;
        }
        image.next++;
        state.counters.snapshotBytesIn.add(part.bytes().length);
        if (part.isLast()) {
            state.counters.snapshotsReceived.increment();
            image.stage = IncomingImage.Stage.INSTALLING;
            lane.goOn(() -> image.replica.worker().answer(new SnapshotEvents.Received(image.replica, image)));
        }
        return true;
    }

    /** The disk or the machine is at fault, not the image. */
    private void fail(IncomingImage image, Throwable cause) {
        over(image, Outcome.REFUSED, "the image can't be kept: " + cause);
        image.replica.worker().answer(new Events.MachineFailed(image.replica, cause));
    }

    void over(IncomingImage image, Outcome outcome, String reason) {
        drop(image);
        Result result = new Result(image.groupId, image.number, outcome, reason);
        results.remove(image.groupId);
        results.put(image.groupId, new Ended(image.from, result));
        state.transport.sendBulk(image.from, result);
    }

    private void drop(IncomingImage image) {
        images.remove(image.groupId, image);
        if (image.sink != null) {
            image.sink.close();
        }
    }

    private void acknowledge(IncomingImage image) {
        state.transport.sendBulk(image.from, new Ack(image.groupId, image.number, image.next));
    }

    private boolean repeatResult(NodeId from, BulkMessage message) {
        Ended ended = results.get(message.groupId());
        boolean isKnown = ended != null && ended.from.equals(from) && ended.result.image() == message.image();
        if (isKnown) {
            state.transport.sendBulk(from, ended.result);
        }
        return isKnown;
    }

    private void refuse(NodeId to, BulkMessage message, Outcome outcome, String reason) {
        state.transport.sendBulk(to, new Result(message.groupId(), message.image(), outcome, reason));
    }

    /** Drops half images whose senders are not heard of any more; an offer that came late never had one. */
    void tick() {
        long now = state.clock.nanos();
        for (IncomingImage image : new ArrayList<>(images.values())) {
            boolean isSilent = now - image.heardAt >= config.silenceNanos() || (image.next == 0 && isUnheard(image));
            if (image.stage == IncomingImage.Stage.RECEIVING && isSilent) {
                drop(image);
            }
        }
    }

    /** What is on its way into a machine is closed by whoever has it. */
    void stop() {
        for (IncomingImage image : new ArrayList<>(images.values())) {
            if (image.stage != IncomingImage.Stage.INSTALLING) {
                drop(image);
            }
        }
    }
}
