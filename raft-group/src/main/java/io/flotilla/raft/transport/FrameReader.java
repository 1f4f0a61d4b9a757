package io.flotilla.raft.transport;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Reads one frame; trusts nothing in it. Used by one thread. */
final class FrameReader {
    /** Term, kind, flags and length: no entry takes less, so a count can't ask for more memory than the bytes behind it. */
    private static final int SMALLEST_ENTRY = 4;

    private static final long MOST = NodeStart.MOST;

    private final ByteBuffer in;
    private final int start;

    FrameReader(ByteBuffer in) {
        this.in = in;
        this.start = in.position();
    }

    Frame readFrame() throws MalformedFrameException {
        if (in.remaining() > MessageCodec.MAX_FRAME_BYTES) {
            throw malformed("a frame of " + in.remaining() + " bytes is larger than the allowed "
                    + MessageCodec.MAX_FRAME_BYTES);
        }
        checksum();
        List<NodeMessage> nodes = List.of();
        ArrayList<GroupMessage> groups = new ArrayList<>();
        int end = in.limit();
        while (in.position() < end) {
            long length = number();
            if (length > in.remaining()) {
                throw malformed("a message of " + length + " bytes is announced, " + in.remaining() + " are left");
            }
            in.limit(in.position() + (int) length);
            int kind = octet();
            if (kind < MessageCodec.NODE_KINDS) {
                groups.add(new GroupMessage(number(), MessageCodec.body(kind, this)));
            } else {
                NodeMessage message = MessageCodec.nodeBody(kind, this);
                if (message == null) {
                    in.position(in.limit());
                } else {
                    nodes = nodes.isEmpty() ? new ArrayList<>() : nodes;
                    nodes.add(message);
                }
            }
            if (in.hasRemaining()) {
                throw malformed(in.remaining() + " bytes follow a message of kind " + kind + " inside its length");
            }
            in.limit(end);
        }
        return new Frame(nodes, groups);
    }

    /** Reads the checksum of all that follows it. */
    void checksum() throws MalformedFrameException {
        if (in.remaining() < Integer.BYTES) {
            throw malformed("a frame that ends after " + in.remaining() + " bytes has no checksum");
        }
        int expected = in.getInt();
        int at = in.arrayOffset() + in.position();
        if (MessageCodec.checksum(in.array(), at, in.remaining()) != expected) {
            throw malformed("the checksum of the frame is wrong: the network damaged it");
        }
    }

    Message.AppendRequest append() throws MalformedFrameException {
        long term = place();
        EntryId previous = id();
        long commit = place();
        long count = number();
        if (count > in.remaining() / SMALLEST_ENTRY) {
            throw malformed(count + " entries are announced, more than the rest of the frame can hold");
        }
        ArrayList<Entry> entries = new ArrayList<>((int) count);
        long before = previous.term();
        for (int i = 1; i <= count; i++) {
            Entry entry = entry(previous.index() + i);
            if (entry.term() < before) {
                throw malformed("an entry of term " + entry.term() + " follows one of term " + before);
            }
            before = entry.term();
            entries.add(entry);
        }
        if (before > term) {
            throw malformed("an entry of term " + before + " in a message of term " + term);
        }
        return new Message.AppendRequest(term, previous, commit, entries);
    }

    Message.HeldBack heldBack() throws MalformedFrameException {
        long term = place();
        long index = place();
        if (index == 0) {
            throw malformed("the entry at index 0 is held back: the first one has index 1");
        }
        return new Message.HeldBack(term, index, flag());
    }

    /** Takes all that is left of the message. */
    NodeMessage.Application application() throws MalformedFrameException {
        if (in.remaining() > NodeMessage.Application.MAX_BYTES) {
            throw malformed("a node tells another " + in.remaining() + " bytes at once, more than the allowed "
                    + NodeMessage.Application.MAX_BYTES);
        }
        return new NodeMessage.Application(bytes(in.remaining()));
    }

    List<TermRun> runs() throws MalformedFrameException {
        long count = number();
        if (count > Message.AppendReject.MOST_RUNS) {
            throw malformed(
                    count + " runs of terms are announced, at most " + Message.AppendReject.MOST_RUNS + " can be");
        }
        List<TermRun> runs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            runs.add(new TermRun(place(), place()));
        }
        return runs;
    }

    private Entry entry(long index) throws MalformedFrameException {
        long term = place();
        int code = octet();
        int flags = octet();
        EntryKind kind;
        try {
            kind = EntryKind.of(code);
            Entry.checkFlags(kind, flags);
        } catch (IllegalArgumentException e) {
            throw malformed(e.getMessage());
        }
        byte[] payload = bytes(number());
        if (kind == EntryKind.MEMBERSHIP) {
            try {
                MembershipCodec.decode(payload);
            } catch (IllegalArgumentException e) {
                throw malformed(e.getMessage());
            }
        }
        return new Entry(term, index, kind, flags, payload);
    }

    byte[] bytes(long length) throws MalformedFrameException {
        if (length > in.remaining()) {
            throw malformed("a payload of " + length + " bytes is announced, " + in.remaining() + " are left");
        }
        byte[] bytes = new byte[(int) length];
        in.get(bytes);
        return bytes;
    }

    EntryId id() throws MalformedFrameException {
        return new EntryId(place(), place());
    }

    /** A term, an index or the number of a batch: no log ever gets as far as the largest numbers. */
    long place() throws MalformedFrameException {
        long value = number();
        if (value > MOST) {
            throw malformed("a term, index or batch is " + value + ", which none can ever be");
        }
        return value;
    }

    Membership membership() throws MalformedFrameException {
        try {
            return MembershipCodec.get(in);
        } catch (IllegalArgumentException e) {
            throw malformed(e.getMessage());
        }
    }

    boolean flag() throws MalformedFrameException {
        int value = octet();
        if (value > 1) {
            throw malformed("a flag is " + value);
        }
        return value == 1;
    }

    long number() throws MalformedFrameException {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int octet = octet();
            value |= (octet & 0x7fL) << shift;
            if (octet < 0x80) {
                return value;
            }
        }
        throw malformed("a number is longer than nine bytes");
    }

    int octet() throws MalformedFrameException {
        if (!in.hasRemaining()) {
            throw malformed("the frame ends in the middle of a message");
        }
        return in.get() & 0xff;
    }

    MalformedFrameException malformed(String what) {
        return new MalformedFrameException("malformed frame at byte " + (in.position() - start) + ": " + what);
    }
}
