package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.HoldUpdate;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.PublishedHold;
import io.flotilla.kv.proto.AskChanges;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a whole hold up with its shard: asks a source for what changed after the hold's change number, has it written in one batch with
 * the new number, has the engine flushed, and tells when it is durable. One round at a time. Belongs to the transfer lane.
 */
final class HoldRounds {
    private static final Logger LOG = LoggerFactory.getLogger(HoldRounds.class);
    private static final int LONGEST_BACKOFF = 3;
    /** After so many rounds without anything new it is asked who else there is. */
    private static final int LOOKS_AROUND = 10;

    private final HoldKey key;
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;
    private final SourceQuestions questions;
    private final CopyPlaces slots;
    private final Ends ends;

    private long group;
    /** Null where another one has to be found. */
    private NodeId source;
    /** The hold's, as written. */
    private long changeNumber;
    /** And so many parts of the command after it, at this source. */
    private long part;

    private long durable = -1;
    private int idleRounds;
    /** A question, a write or a timer will go on; those of an earlier turn don't. */
    private long turn;

    private boolean tending;
    private long flushAt;
    private boolean isOver;

    /** What the hold's owner hears, on the lane. */
    interface Ends {
        /** The source is of no use (any more): {@link #follow} with another one goes on. */
        void sourceless(NodeId from);

        /** The source had nothing new for a while: perhaps it lags, and {@link #follow} with another one gets more. */
        void nothingNew();

        /** The hold is not what it was: {@link #follow}, or {@link #stop}. */
        void changed();

        /** The hold survives a crash up to this change number. */
        void durable(long changeNumber);

        void applied(long index);
    }

    HoldRounds(
            HoldKey key, CopyPorts ports, CopyLimits limits, SourceQuestions questions, CopyPlaces slots, Ends ends) {
        this.key = key;
        this.ports = ports;
        this.limits = limits;
        this.lane = ports.transfers().lane();
        this.questions = questions;
        this.slots = slots;
        this.ends = ends;
    }

    /** The hold's change number, as written. */
    long changeNumber() {
        return changeNumber;
    }

    /** As far as a crash would leave it; -1 if it is not known. */
    long durable() {
        return durable;
    }

    /** A whole hold is here, as written up to a change number. */
    void holds(long number) {
        changeNumber = number;
        part = 0;
        tend();
    }

    /** @param owner the group asked */
    void follow(long owner, NodeId from) {
        group = owner;
        source = from;
        part = 0;
        idleRounds = 0;
        next();
    }

    /** Does not wait for the next round. */
    void hurry() {
        idleRounds = 0;
        if (source != null && !slots.has(key)) {
            next();
        }
    }

    boolean hasSource() {
        return source != null;
    }

    /** Whether the source had nothing new when it was asked last. */
    boolean isIdle() {
        return idleRounds > 0;
    }

    /** No more rounds until {@link #follow}. */
    void pause() {
        source = null;
        turn++;
        slots.leave(key);
    }

    private void next() {
        slots.leave(key);
        if (!isOver && source != null) {
            long mine = ++turn;
            slots.take(key, () -> ask(mine));
        }
    }

    private void ask(long mine) {
        MoveRequest request = MoveRequest.newBuilder()
                .setGroup(group)
                .setShard(key.shard())
                .setMove(key.move())
                .setChanges(AskChanges.newBuilder()
                        .setAfter(changeNumber)
                        .setAfterPart(part)
                        .setMaxBytes(limits.roundBytes()))
                .build();
        boolean isLocal = source.equals(ports.self());
        questions.ask(source, request, reply -> {
            if (mine == turn && !isOver) {
                answered(mine, reply, isLocal);
            }
        });
    }

    private void answered(long mine, MoveReply reply, boolean isLocal) {
        if (reply == null
                || !reply.getRefused().isEmpty()
                || reply.getChangeNumber() < changeNumber
                || reply.getUpTo() < changeNumber) {
            leave(reply == null ? "no answer" : reply.getRefused());
            return;
        }
        if (reply.getUpTo() == changeNumber && reply.getRowsCount() == 0 && reply.getSessionsCount() == 0) {
            idle(mine);
            return;
        }
        int bytes = reply.getSerializedSize();
        (isLocal ? ports.counters().localRoundBytes : ports.counters().remoteRoundBytes).add(bytes);
        HoldUpdate update = new HoldUpdate(changeNumber, reply.getUpTo(), reply.getRowsList(), reply.getSessionsList());
        ports.machines().visit(key.group(), machine -> {
            boolean isWritten = false;
            String wrong = null;
            long index = machine == null ? 0 : machine.appliedIndex();
            try {
                isWritten = machine != null && machine.moves().writeHold(key.shard(), key.move(), update);
            } catch (IllegalArgumentException e) {
                wrong = e.getMessage();
            }
            boolean written = isWritten;
            String why = wrong;
            lane.execute(() -> {
                if (mine == turn && !isOver) {
                    written(mine, reply, written, why, index);
                }
            });
        });
    }

    private void written(long mine, MoveReply reply, boolean isWritten, String wrong, long index) {
        if (wrong != null) {
            leave("what it tells makes no sense: " + wrong);
            return;
        }
        if (!isWritten) {
            pause();
            ends.changed();
            return;
        }
        ports.counters().rounds.increment();
        changeNumber = reply.getUpTo();
        part = reply.getUpToPart();
        idleRounds = 0;
        ends.applied(index);
        tend();
        if (reply.getMore()) {
            next();
        } else {
            idle(mine);
        }
    }

    /** The hold has what the source has. */
    private void idle(long mine) {
        slots.leave(key);
        long wait = limits.idleNanos() << Math.min(LONGEST_BACKOFF, idleRounds);
        idleRounds++;
        if (idleRounds % LOOKS_AROUND == 0) {
            ends.nothingNew();
        }
        lane.after(wait, () -> {
            if (mine == turn && !isOver) {
                if (isPassed()) {
                    ends.changed();
                } else {
                    next();
                }
            }
        });
    }

    private void leave(String why) {
        LOG.debug("{}: no more rounds from {}: {}", key, source, why);
        NodeId left = source;
        pause();
        ends.sourceless(left);
    }

    /** Whether the group is through with the move. */
    boolean isPassed() {
        PublishedGroup published = ports.published().apply(key.group());
        return published != null && published.fence(key.shard()) >= key.move();
    }

    /** Until what was written is durable: flushes, not more often than the limits say. */
    private void tend() {
        if (tending || isOver) {
            return;
        }
        PublishedGroup published = ports.published().apply(key.group());
        PublishedHold hold = published == null ? null : published.hold(key.shard(), key.move());
        long now = hold == null ? -1 : hold.durableChangeNumber();
        if (now > durable) {
            durable = now;
            ends.durable(durable);
        }
        if (hold == null || durable >= changeNumber) {
            return;
        }
        long nanos = ports.clock().nanos();
        if (flushAt == 0 || nanos - flushAt >= 0) {
            flushAt = nanos + limits.flushNanos();
            ports.machines().visit(key.group(), machine -> {
                if (machine != null) {
                    machine.moves().flushSoon();
                }
            });
        }
        tending = true;
        lane.after(limits.flushNanos() / 8, () -> {
            tending = false;
            tend();
        });
    }

    /** May be called again. */
    void stop() {
        isOver = true;
        slots.leave(key);
    }
}
