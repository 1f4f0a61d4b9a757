package io.flotilla.raft.transport;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.message.Message;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The bytes of a frame: messages of many groups, and of the node itself, from one node to another. Pure and thread-safe.
 *
 * <p>A frame is the CRC32C of what follows (four bytes, most significant first) and messages up to its end; which version it is
 * of was agreed by the {@link Greeting}s. A message is its length, not counting that, a kind byte, its group id if it is a
 * group's, and the fields of its record in order. Kinds from 128 on are the node's own: those may be lost, so an unknown one is
 * skipped; an unknown kind of a group's message is a breach of the protocol, for both nodes speak the agreed version. Numbers
 * are unsigned LEB128, at most nine bytes, so negative ones can't be said; booleans are one byte, 0 or 1. Entries carry
 * term, kind, flags and payload; their indexes follow from the request's {@code previous}.
 */
public final class MessageCodec {
    /** What a frame has besides its messages. */
    public static final int FRAME_HEADER = Integer.BYTES;

    /** A frame is closed before it grows beyond this; only a single larger message makes a larger frame. */
    public static final int FRAME_BYTES = 256 << 10;

    /** No frame is larger; a larger one is refused before it is read. */
    public static final int MAX_FRAME_BYTES = 8 << 20;

    /** No entry's payload is larger, so that any single entry fits into a frame. */
    public static final int MAX_PAYLOAD_BYTES = 6 << 20;

    private static final int PRE_VOTE_REQUEST = 1;
    private static final int PRE_VOTE_REPLY = 2;
    private static final int VOTE_REQUEST = 3;
    private static final int VOTE_REPLY = 4;
    private static final int APPEND_REQUEST = 5;
    private static final int APPEND_REPLY = 6;
    private static final int APPEND_REJECT = 7;
    private static final int HEARTBEAT = 8;
    private static final int HEARTBEAT_REPLY = 9;
    private static final int TIMEOUT_NOW = 10;
    private static final int READ_INDEX_REQUEST = 11;
    private static final int READ_INDEX_REPLY = 12;
    private static final int HELD_BACK = 13;

    /** From here on kinds are the node's own. */
    static final int NODE_KINDS = 0x80;

    private static final int DURABLE_BATCH = NODE_KINDS + 1;
    private static final int APPLICATION = NODE_KINDS + 2;
    private static final int SYNC_TIME = NODE_KINDS + 3;

    private MessageCodec() {}

    /** Exactly how many bytes {@link #write} will use. */
    public static int size(GroupMessage m) {
        return size(length(m));
    }

    /** The length that a message begins with. */
    public static int length(GroupMessage m) {
        return 1 + varSize(m.groupId()) + bodySize(m.message());
    }

    private static int length(NodeMessage message) {
        if (message instanceof NodeMessage.DurableBatch m) {
            return 1 + varSize(m.number());
        } else if (message instanceof NodeMessage.SyncTime m) {
            return 1 + varSize(m.nanos());
        }
        return 1 + ((NodeMessage.Application) message).bytes().length;
    }

    /** As {@link #size(GroupMessage)}, of a message of that {@link #length}. */
    public static int size(int length) {
        return varSize(length) + length;
    }

    /** Exactly how many bytes {@link #write} will use. */
    public static int size(NodeMessage m) {
        return size(length(m));
    }

    private static int bodySize(Message message) {
        int size = varSize(message.term());
        if (message instanceof Message.Heartbeat m) {
            return size + varSize(m.commit()) + varSize(m.round());
        } else if (message instanceof Message.HeartbeatReply m) {
            return size + varSize(m.round());
        } else if (message instanceof Message.AppendReply m) {
            return size + varSize(m.matchIndex());
        } else if (message instanceof Message.AppendRequest m) {
            size += idSize(m.previous()) + varSize(m.commit());
            List<Entry> entries = m.entries();
            size += varSize(entries.size());
            for (int i = 0; i < entries.size(); i++) {
                Entry e = entries.get(i);
                size += varSize(e.term()) + 2 + varSize(e.payload().length) + e.payload().length;
            }
            return size;
        } else if (message instanceof Message.AppendReject m) {
            return size + varSize(m.rejectedIndex()) + varSize(m.end()) + runsSize(m.runs());
        } else if (message instanceof Message.HeldBack m) {
            return size + varSize(m.index()) + 1;
        } else if (message instanceof Message.PreVoteRequest m) {
            return size + idSize(m.last());
        } else if (message instanceof Message.VoteRequest m) {
            return size + idSize(m.last()) + 1;
        } else if (message instanceof Message.TimeoutNow m) {
            return size + varSize(m.round());
        } else if (message instanceof Message.ReadIndexRequest m) {
            return size + varSize(m.number());
        } else if (message instanceof Message.ReadIndexReply m) {
            return size + varSize(m.number()) + varSize(m.index());
        } else {
            return size + 1; // a vote's answer
        }
    }

    /** A frame of all the messages. The caller keeps it within {@link #FRAME_BYTES}. */
    public static byte[] frame(List<GroupMessage> messages) {
        return frame(new Frame(List.of(), messages));
    }

    /** A frame of all the messages. The caller keeps it within {@link #FRAME_BYTES}. */
    public static byte[] frame(Frame frame) {
        int size = FRAME_HEADER;
        for (NodeMessage message : frame.nodes()) {
            size += size(message);
        }
        for (GroupMessage message : frame.groups()) {
            size += size(message);
        }
        ByteBuffer out = begin(size);
        for (NodeMessage message : frame.nodes()) {
            write(message, out);
        }
        for (GroupMessage message : frame.groups()) {
            write(message, length(message), out);
        }
        return end(out);
    }

    /** A frame of {@code size} bytes to which messages are to be written. */
    public static ByteBuffer begin(int size) {
        return ByteBuffer.allocate(size).position(FRAME_HEADER);
    }

    /** The bytes of a frame all of whose messages were written. */
    public static byte[] end(ByteBuffer frame) {
        Check.that(!frame.hasRemaining(), "%s bytes of a frame were not written", frame.remaining());
        return frame.putInt(0, checksum(frame.array(), FRAME_HEADER, frame.position() - FRAME_HEADER))
                .array();
    }

    static int checksum(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    /** Adds a message to a frame that was begun. The buffer must have room for {@link #size}. */
    public static void write(NodeMessage message, ByteBuffer out) {
        putVar(length(message), out);
        if (message instanceof NodeMessage.DurableBatch m) {
            out.put((byte) DURABLE_BATCH);
            putVar(m.number(), out);
        } else if (message instanceof NodeMessage.SyncTime m) {
            out.put((byte) SYNC_TIME);
            putVar(m.nanos(), out);
        } else {
            out.put((byte) APPLICATION).put(((NodeMessage.Application) message).bytes());
        }
    }

    /**
     * Adds a message to a frame that was begun. The buffer must have room for {@link #size}.
     *
     * @param length as {@link #length} tells it
     */
    public static void write(GroupMessage groupMessage, int length, ByteBuffer out) {
        int end = out.position() + size(length);
        putVar(length, out);
        write(groupMessage.groupId(), groupMessage.message(), out);
        Check.that(out.position() == end, "a message ends at %s and not at %s, as announced", out.position(), end);
    }

    private static void write(long groupId, Message message, ByteBuffer out) {
        if (message instanceof Message.Heartbeat m) {
            head(HEARTBEAT, groupId, m, out);
            putVar(m.commit(), out);
            putVar(m.round(), out);
        } else if (message instanceof Message.HeartbeatReply m) {
            head(HEARTBEAT_REPLY, groupId, m, out);
            putVar(m.round(), out);
        } else if (message instanceof Message.AppendRequest m) {
            head(APPEND_REQUEST, groupId, m, out);
            putAppend(m, out);
        } else if (message instanceof Message.AppendReply m) {
            head(APPEND_REPLY, groupId, m, out);
            putVar(m.matchIndex(), out);
        } else if (message instanceof Message.AppendReject m) {
            head(APPEND_REJECT, groupId, m, out);
            putVar(m.rejectedIndex(), out);
            putVar(m.end(), out);
            putVar(m.runs().size(), out);
            for (TermRun run : m.runs()) {
                putVar(run.firstIndex(), out);
                putVar(run.term(), out);
            }
        } else if (message instanceof Message.HeldBack m) {
            head(HELD_BACK, groupId, m, out);
            putVar(m.index(), out);
            out.put((byte) (m.canPull() ? 1 : 0));
        } else if (message instanceof Message.PreVoteRequest m) {
            head(PRE_VOTE_REQUEST, groupId, m, out);
            putId(m.last(), out);
        } else if (message instanceof Message.PreVoteReply m) {
            head(PRE_VOTE_REPLY, groupId, m, out);
            out.put((byte) (m.granted() ? 1 : 0));
        } else if (message instanceof Message.VoteRequest m) {
            head(VOTE_REQUEST, groupId, m, out);
            putId(m.last(), out);
            out.put((byte) (m.byTransfer() ? 1 : 0));
        } else if (message instanceof Message.VoteReply m) {
            head(VOTE_REPLY, groupId, m, out);
            out.put((byte) (m.granted() ? 1 : 0));
        } else if (message instanceof Message.TimeoutNow m) {
            head(TIMEOUT_NOW, groupId, m, out);
            putVar(m.round(), out);
        } else if (message instanceof Message.ReadIndexRequest m) {
            head(READ_INDEX_REQUEST, groupId, m, out);
            putVar(m.number(), out);
        } else if (message instanceof Message.ReadIndexReply m) {
            head(READ_INDEX_REPLY, groupId, m, out);
            putVar(m.number(), out);
            putVar(m.index(), out);
        } else {
            throw new AssertionError("no format for " + message.getClass().getName());
        }
    }

    private static void head(int kind, long groupId, Message message, ByteBuffer out) {
        out.put((byte) kind);
        putVar(groupId, out);
        putVar(message.term(), out);
    }

    private static void putAppend(Message.AppendRequest m, ByteBuffer out) {
        putId(m.previous(), out);
        putVar(m.commit(), out);
        List<Entry> entries = m.entries();
        putVar(entries.size(), out);
        long index = m.previous().index();
        for (int i = 0; i < entries.size(); i++) {
            Entry e = entries.get(i);
            index++;
            Check.that(e.index() == index, "entry %s stands where %s must follow", e.index(), index);
            putVar(e.term(), out);
            out.put((byte) e.kind().code()).put((byte) e.flags());
            putVar(e.payload().length, out);
            out.put(e.payload());
        }
    }

    private static void putId(EntryId id, ByteBuffer out) {
        putVar(id.term(), out);
        putVar(id.index(), out);
    }

    /**
     * Reads a whole frame. Payloads are copied out of the buffer.
     *
     * @throws MalformedFrameException if it is not exactly a frame, or damaged; nothing of it may be used then
     */
    public static Frame read(ByteBuffer in) throws MalformedFrameException {
        return new FrameReader(in).readFrame();
    }

    /** Null for a kind that is not known here. */
    static NodeMessage nodeBody(int kind, FrameReader in) throws MalformedFrameException {
        switch (kind) {
            case DURABLE_BATCH:
                return new NodeMessage.DurableBatch(in.place());
            case APPLICATION:
                return in.application();
            case SYNC_TIME:
                return new NodeMessage.SyncTime(in.number());
            default:
                return null;
        }
    }

    static Message body(int kind, FrameReader in) throws MalformedFrameException {
        switch (kind) {
            case HEARTBEAT:
                return new Message.Heartbeat(in.place(), in.place(), in.number());
            case HEARTBEAT_REPLY:
                return new Message.HeartbeatReply(in.place(), in.number());
            case APPEND_REQUEST:
                return in.append();
            case APPEND_REPLY:
                return new Message.AppendReply(in.place(), in.place());
            case APPEND_REJECT:
                return new Message.AppendReject(in.place(), in.place(), in.place(), in.runs());
            case HELD_BACK:
                return in.heldBack();
            case PRE_VOTE_REQUEST:
                return new Message.PreVoteRequest(in.place(), in.id());
            case PRE_VOTE_REPLY:
                return new Message.PreVoteReply(in.place(), in.flag());
            case VOTE_REQUEST:
                return new Message.VoteRequest(in.place(), in.id(), in.flag());
            case VOTE_REPLY:
                return new Message.VoteReply(in.place(), in.flag());
            case TIMEOUT_NOW:
                return new Message.TimeoutNow(in.place(), in.number());
            case READ_INDEX_REQUEST:
                return new Message.ReadIndexRequest(in.place(), in.number());
            case READ_INDEX_REPLY:
                return new Message.ReadIndexReply(in.place(), in.number(), in.place());
            default:
                throw in.malformed("unknown message kind " + kind);
        }
    }

    private static int runsSize(List<TermRun> runs) {
        int size = varSize(runs.size());
        for (TermRun run : runs) {
            size += varSize(run.firstIndex()) + varSize(run.term());
        }
        return size;
    }

    private static int idSize(EntryId id) {
        return varSize(id.term()) + varSize(id.index());
    }

    static int varSize(long value) {
        Check.that(value >= 0, "a negative number can't be sent: %s", value);
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    static void putVar(long value, ByteBuffer out) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }
}
