package io.flotilla.kv.move.copy;

import com.google.protobuf.ByteString;
import io.flotilla.kv.machine.HoldPlace;
import io.flotilla.kv.machine.ShardCopy;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.RateLimit;
import io.flotilla.raft.transfer.TransferReceiver;
import io.flotilla.raft.transfer.TransferSource.Chunk;
import io.flotilla.raft.transfer.TransferTarget;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.TransferId;

/**
 * Brings the rows from one source to one writer: over the network, or, if the source is this node's own replica, straight out of the
 * engine. The writer outlives it: another source goes on where this one ended. Belongs to the transfer lane.
 */
final class RowCopy {
    /** Parts read in one task, so that other transfers have their turn. */
    private static final int PARTS_PER_TASK = 4;

    private final HoldKey key;
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;
    private final RateLimit localRate;
    private final HoldWriter writer;
    private final CopyId id;
    private final NodeId from;
    private final TransferTarget target;
    private final Ends ends;

    /** Null until it is open, and of a copy over the network. */
    private CopyReader reader;
    /** Null of a copy within the node. */
    private HoldStore store;

    private long bytesSeen;
    private long progressAt;
    private long unflushed;
    private boolean isOver;

    /** How a copy from one source ends, once, unless it was stopped; on the lane. */
    interface Ends {
        /** Every row was taken in. */
        void copied();

        /** The source gives no more. @param isGone whether it said that it has no such thing */
        void broken(String why, boolean isGone);

        /** The disk has no room. */
        void full(String why);

        /** What is being written is wanted no more. */
        void unwanted();
    }

    /** @param target hears of the transfer, and passes it on to this */
    RowCopy(
            HoldKey key,
            CopyPorts ports,
            CopyLimits limits,
            RateLimit localRate,
            HoldWriter writer,
            NodeId from,
            CopyId id,
            TransferTarget target,
            Ends ends) {
        this.key = key;
        this.ports = ports;
        this.limits = limits;
        this.lane = ports.transfers().lane();
        this.localRate = localRate;
        this.writer = writer;
        this.from = from;
        this.id = id;
        this.target = target;
        this.ends = ends;
    }

    TransferId transfer() {
        return id.toTransfer();
    }

    /** Of all sources. */
    long bytes() {
        return writer.bytes();
    }

    void begin() {
        progressAt = ports.clock().nanos();
        bytesSeen = writer.bytes();
        watch();
        if (from.equals(ports.self())) {
            ports.machines().visit(id.group(), machine -> {
                ShardCopy copy = machine == null ? null : machine.moves().copy(id.shard(), id.move());
                lane.execute(() -> opened(copy));
            });
            return;
        }
        fetch();
    }

    /** Snapshots may have all places for transfers: then a little later. */
    private void fetch() {
        if (isOver) {
            return;
        }
        if (writer.isAtEnd()) {
            end();
            return;
        }
        store = new HoldStore(writer, this::taken);
        TransferReceiver receiver = ports.transfers().receiver();
        if (receiver.fetch(from, transfer(), target, store)) {
            ports.transfers().keepTicking();
        } else {
            progressAt = ports.clock().nanos();
            lane.after(limits.retryNanos(), this::fetch);
        }
    }

    private void opened(ShardCopy copy) {
        if (isOver || copy == null) {
            if (copy != null) {
                copy.close();
            } else if (!isOver) {
                brokenOff("this node's own replica of group " + id.group() + " has it no more", true);
            }
            return;
        }
        reader = new CopyReader(copy, CopyFormat.ANY_VIEW, () -> {});
        reader.seek(writer.position().encode());
        pump();
    }

    private void pump() {
        if (isOver) {
            return;
        }
        try {
            for (int i = 0; i < PARTS_PER_TASK && !isOver; i++) {
                long wait = localRate.waitNanos();
                if (wait > 0) {
                    lane.after(wait, this::pump);
                    return;
                }
                Chunk part = reader.next(limits.partBytes());
                if (part == null) {
                    end();
                    return;
                }
                localRate.sent(part.bytes().length);
                writer.accept(part.bytes());
                ports.counters().localBytes.add(part.bytes().length);
                taken();
            }
        } catch (RuntimeException e) {
            failed(e);
            return;
        }
        lane.execute(this::pump);
    }

    /** After each part. */
    private void taken() {
        if (store != null) {
            ports.counters().remoteBytes.add(writer.bytes() - bytesSeen);
        }
        progressAt = ports.clock().nanos();
        unflushed += writer.bytes() - bytesSeen;
        bytesSeen = writer.bytes();
        if (writer.fileBytes() >= limits.fileBytes() && !writer.isAtEnd() && takeIn()) {
            record();
        }
    }

    /** False if there is no room; the copy has ended then. */
    private boolean takeIn() {
        String lack = lack(ports.disk(), limits, 0);
        if (lack == null) {
            writer.takeIn();
            return true;
        }
        stop();
        ends.full(lack);
        return false;
    }

    /** Why there is no room for so many bytes more, or null. */
    static String lack(DiskSpace disk, CopyLimits limits, long bytes) {
        long lacking = bytes + limits.reserve(disk.totalBytes()) - disk.freeBytes();
        return lacking <= 0
                ? null
                : "the disk lacks " + lacking
                        + " bytes for the copy, its reserve kept: make room on this node, or move the shard elsewhere";
    }

    /** How far the engine has the rows, so that a restart goes on behind them. */
    private void record() {
        ByteString behind = writer.copiedBehind();
        if (id.isOfHold() || behind.isEmpty()) {
            return;
        }
        boolean flushes = unflushed >= limits.flushBytes();
        unflushed = flushes ? 0 : unflushed;
        HoldPlace place = writer.place();
        ports.machines().visit(key.group(), machine -> {
            boolean isWanted = machine != null && machine.moves().advanceCopy(place, behind);
            if (isWanted && flushes) {
                machine.moves().flushSoon();
            }
            if (!isWanted) {
                lane.execute(this::unwanted);
            }
        });
    }

    private void unwanted() {
        if (!isOver) {
            stop();
            ends.unwanted();
        }
    }

    /** The transfer is whole. */
    void whole() {
        if (!isOver && store.isWhole()) {
            end();
        }
    }

    private void end() {
        try {
            if (!takeIn()) {
                return;
            }
        } catch (RuntimeException e) {
            failed(e);
            return;
        }
        stop();
        ends.copied();
    }

    /** The transfer failed. */
    void failed(TransferTarget.Failure failure, String text) {
        if (isOver) {
            return;
        }
        if (store.failure() != null) {
            failed(store.failure());
        } else {
            brokenOff(from + ": " + text, failure == TransferTarget.Failure.GONE);
        }
    }

    /** A part that makes no sense, or a disk that takes none: the replica has lost nothing. */
    private void failed(RuntimeException cause) {
        if (isOver) {
            return;
        }
        String why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        if (cause instanceof IllegalArgumentException) {
            brokenOff("what " + from + " sends makes no sense: " + why, false);
        } else {
            stop();
            ends.full("it can't be kept: " + why);
        }
    }

    private void brokenOff(String why, boolean isGone) {
        stop();
        ends.broken(why, isGone);
    }

    private void watch() {
        lane.after(limits.silenceNanos() / 4, () -> {
            if (isOver) {
                return;
            }
            if (ports.clock().nanos() - progressAt >= limits.silenceNanos()) {
                brokenOff("nothing came from " + from + " for " + limits.silenceNanos() / 1_000_000 + " ms", false);
            } else {
                watch();
            }
        });
    }

    /** No more is written, and nothing more is told. May be called again. */
    void stop() {
        if (isOver) {
            return;
        }
        isOver = true;
        if (reader != null) {
            reader.close();
        }
        if (store != null) {
            // not within a call of the receiver's, which would go on to ask
            boolean isDone = store.isWhole();
            lane.execute(() -> ports.transfers()
                    .receiver()
                    .end(
                            transfer(),
                            isDone ? Outcome.HELD : Outcome.GIVEN_UP,
                            isDone ? "" : "copied from elsewhere, or not needed"));
        }
    }
}
