package io.flotilla.raft.lab;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import java.util.SplittableRandom;

/**
 * The labs' network between servers: at its best it delivers at once; unreliable it holds each request back for 0 to
 * 26 ms and loses one message in ten in each direction; with long reordering two answers in three come 0.2 to 2.2 s
 * late. Counts requests, and the bytes of requests and answers, whether they arrive or not.
 */
public final class LabWires implements SimNetwork.Carrier {
    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;

    private final SplittableRandom random;
    private boolean unreliable;
    private boolean longReordering;
    private long requests;
    private long bytes;

    public LabWires(SplittableRandom random) {
        this.random = random;
    }

    public void setUnreliable(boolean value) {
        unreliable = value;
    }

    public void setLongReordering(boolean value) {
        longReordering = value;
    }

    public long requests() {
        return requests;
    }

    public long bytes() {
        return bytes;
    }

    @Override
    public long carry(NodeId from, NodeId to, GroupMessage message) {
        boolean request = isRequest(message.message());
        if (request) {
            requests++;
        }
        bytes += MessageCodec.FRAME_HEADER + MessageCodec.size(message);
        return delay(request);
    }

    /** A snapshot travels in several requests and answers instead of one. */
    @Override
    public long carry(NodeId from, NodeId to, BulkMessage message) {
        boolean request = message instanceof BulkMessage.Offer || message instanceof BulkMessage.Ask;
        if (request) {
            requests++;
        }
        bytes += BulkCodec.encode(message).length;
        return delay(request);
    }

    private long delay(boolean request) {
        long delay = (20 + random.nextLong(80)) * MICRO;
        if (unreliable) {
            if (random.nextInt(10) == 0) {
                return -1;
            }
            if (request) {
                delay += random.nextLong(27) * MILLI;
            }
        }
        if (longReordering && !request && random.nextInt(900) < 600) {
            delay += (200 + random.nextLong(1 + random.nextLong(2_000))) * MILLI;
        }
        return delay;
    }

    private static boolean isRequest(Message message) {
        return message instanceof Message.AppendRequest
                || message instanceof Message.Heartbeat
                || message instanceof Message.VoteRequest
                || message instanceof Message.PreVoteRequest;
    }
}
