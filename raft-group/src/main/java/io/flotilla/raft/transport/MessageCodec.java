package io.flotilla.raft.transport;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.message.Message;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The bytes of a frame: messages of many groups from one node to another. Pure and thread-safe.
 *
 * <p>A frame is a version byte followed by messages up to its end. A message is its group id, a kind byte and the
 * fields of its record in order. Numbers are unsigned LEB128, at most nine bytes, so negative ones can't be said;
 * booleans are one byte, 0 or 1. Entries carry term, kind and payload; their indexes follow from the request's {@code
 * previous}.
 */
public final class MessageCodec {
    /** The version of the format written here; no other is read. */
    public static final int VERSION = 2;

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

    private MessageCodec() {}

    /** Exactly how many bytes {@link #write} will use. */
    public static int size(GroupMessage m) {
        return varSize(m.groupId()) + 1 + bodySize(m.message());
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
                size += varSize(e.term()) + 1 + varSize(e.payload().length) + e.payload().length;
            }
            return size;
        } else if (message instanceof Message.AppendReject m) {
            return size + varSize(m.rejectedIndex()) + varSize(m.end()) + runsSize(m.runs());
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
        int size = 1;
        for (int i = 0; i < messages.size(); i++) {
            size += size(messages.get(i));
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        begin(out);
        for (int i = 0; i < messages.size(); i++) {
            write(messages.get(i), out);
        }
        Check.that(!out.hasRemaining(), "a frame of %s bytes was announced as %s", out.position(), size);
        return out.array();
    }

    /** Starts a frame. */
    public static void begin(ByteBuffer out) {
        out.put((byte) VERSION);
    }

    /** Adds a message to a frame that was begun. The buffer must have room for {@link #size}. */
    public static void write(GroupMessage groupMessage, ByteBuffer out) {
        Message message = groupMessage.message();
        putVar(groupMessage.groupId(), out);
        if (message instanceof Message.Heartbeat m) {
            head(HEARTBEAT, m, out);
            putVar(m.commit(), out);
            putVar(m.round(), out);
        } else if (message instanceof Message.HeartbeatReply m) {
            head(HEARTBEAT_REPLY, m, out);
            putVar(m.round(), out);
        } else if (message instanceof Message.AppendRequest m) {
            head(APPEND_REQUEST, m, out);
            putAppend(m, out);
        } else if (message instanceof Message.AppendReply m) {
            head(APPEND_REPLY, m, out);
            putVar(m.matchIndex(), out);
        } else if (message instanceof Message.AppendReject m) {
            head(APPEND_REJECT, m, out);
            putVar(m.rejectedIndex(), out);
            putVar(m.end(), out);
            putVar(m.runs().size(), out);
            for (TermRun run : m.runs()) {
                putVar(run.firstIndex(), out);
                putVar(run.term(), out);
            }
        } else if (message instanceof Message.PreVoteRequest m) {
            head(PRE_VOTE_REQUEST, m, out);
            putId(m.last(), out);
        } else if (message instanceof Message.PreVoteReply m) {
            head(PRE_VOTE_REPLY, m, out);
            out.put((byte) (m.granted() ? 1 : 0));
        } else if (message instanceof Message.VoteRequest m) {
            head(VOTE_REQUEST, m, out);
            putId(m.last(), out);
            out.put((byte) (m.handedOver() ? 1 : 0));
        } else if (message instanceof Message.VoteReply m) {
            head(VOTE_REPLY, m, out);
            out.put((byte) (m.granted() ? 1 : 0));
        } else if (message instanceof Message.TimeoutNow m) {
            head(TIMEOUT_NOW, m, out);
            putVar(m.round(), out);
        } else if (message instanceof Message.ReadIndexRequest m) {
            head(READ_INDEX_REQUEST, m, out);
            putVar(m.number(), out);
        } else if (message instanceof Message.ReadIndexReply m) {
            head(READ_INDEX_REPLY, m, out);
            putVar(m.number(), out);
            putVar(m.index(), out);
        } else {
            throw new AssertionError("no format for " + message.getClass().getName());
        }
    }

    private static void head(int kind, Message message, ByteBuffer out) {
        out.put((byte) kind);
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
            out.put((byte) e.kind().code());
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
     * @throws MalformedFrameException if it is not exactly a frame of this version; nothing of it may be used then
     */
    public static List<GroupMessage> read(ByteBuffer in) throws MalformedFrameException {
        return new FrameReader(in).readFrame();
    }

    static Message body(int kind, FrameReader in) throws MalformedFrameException {
        switch (kind) {
            case HEARTBEAT:
                return new Message.Heartbeat(in.number(), in.number(), in.number());
            case HEARTBEAT_REPLY:
                return new Message.HeartbeatReply(in.number(), in.number());
            case APPEND_REQUEST:
                return in.append();
            case APPEND_REPLY:
                return new Message.AppendReply(in.number(), in.number());
            case APPEND_REJECT:
                return new Message.AppendReject(in.number(), in.number(), in.number(), in.runs());
            case PRE_VOTE_REQUEST:
                return new Message.PreVoteRequest(in.number(), in.id());
            case PRE_VOTE_REPLY:
                return new Message.PreVoteReply(in.number(), in.flag());
            case VOTE_REQUEST:
                return new Message.VoteRequest(in.number(), in.id(), in.flag());
            case VOTE_REPLY:
                return new Message.VoteReply(in.number(), in.flag());
            case TIMEOUT_NOW:
                return new Message.TimeoutNow(in.number(), in.number());
            case READ_INDEX_REQUEST:
                return new Message.ReadIndexRequest(in.number(), in.number());
            case READ_INDEX_REPLY:
                return new Message.ReadIndexReply(in.number(), in.number(), in.number());
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
