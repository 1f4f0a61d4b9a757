package io.flotilla.kv.machine;

import io.flotilla.kv.proto.KeptReply;
import io.flotilla.kv.proto.SessionRow;
import java.util.ArrayList;
import java.util.List;

/** What a shard remembers of one client: the replies that the client may still ask for again. Applier lane. */
final class Session {
    private final SessionId id;
    /** In ascending order of sequence. */
    private final List<KeptReply> replies = new ArrayList<>();

    private long firstUnacknowledged = 1;
    private long latestNotAfter;
    private long bytes;
    private boolean dirty;

    Session(SessionId id) {
        this.id = id;
    }

    Session(SessionId id, SessionRow row) {
        this.id = id;
        this.firstUnacknowledged = row.getFirstUnacknowledged();
        this.latestNotAfter = row.getLatestNotAfterMillis();
        this.replies.addAll(row.getRepliesList());
        for (KeptReply reply : replies) {
            bytes += reply.getSerializedSize();
        }
    }

    SessionId id() {
        return id;
    }

    long firstUnacknowledged() {
        return firstUnacknowledged;
    }

    /** Past it no write of this session that was ever applied can come again. */
    long latestNotAfter() {
        return latestNotAfter;
    }

    int replyCount() {
        return replies.size();
    }

    /** The bytes of the kept replies. */
    long bytes() {
        return bytes;
    }

    /** Marks the row as changed; true if it was not marked yet. */
    boolean markDirty() {
        boolean first = !dirty;
        dirty = true;
        return first;
    }

    void clean() {
        dirty = false;
    }

    /** Forgets what lies below; true if that changed anything. */
    boolean acknowledge(long below) {
        if (below <= firstUnacknowledged) {
            return false;
        }
        firstUnacknowledged = below;
        int gone = 0;
        while (gone < replies.size() && replies.get(gone).getSequence() < below) {
            bytes -= replies.get(gone).getSerializedSize();
            gone++;
        }
        replies.subList(0, gone).clear();
        return true;
    }

    /** Forgets the replies that nobody can ask for any more; true if there were any. */
    boolean expire(long logTime) {
        boolean any = replies.removeIf(reply -> reply.getNotAfterMillis() < logTime);
        if (any) {
            bytes = 0;
            for (KeptReply reply : replies) {
                bytes += reply.getSerializedSize();
            }
        }
        return any;
    }

    /** The kept reply to a sequence, or null. */
    KeptReply reply(long sequence) {
        int at = find(sequence);
        return at >= 0 ? replies.get(at) : null;
    }

    /** Keeps the reply to a sequence that has none yet. */
    void keep(KeptReply reply) {
        replies.add(-find(reply.getSequence()) - 1, reply);
        bytes += reply.getSerializedSize();
        latestNotAfter = Math.max(latestNotAfter, reply.getNotAfterMillis());
    }

    /** As {@link java.util.Collections#binarySearch}; begins at the end, where new sequences go. */
    private int find(long sequence) {
        int low = 0;
        int high = replies.size() - 1;
        if (high < 0 || replies.get(high).getSequence() < sequence) {
            return -(high + 1) - 1;
        }
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long there = replies.get(middle).getSequence();
            if (there < sequence) {
                low = middle + 1;
            } else if (there > sequence) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return -low - 1;
    }

    byte[] toRow() {
        return SessionRow.newBuilder()
                .setFirstUnacknowledged(firstUnacknowledged)
                .setLatestNotAfterMillis(latestNotAfter)
                .addAllReplies(replies)
                .build()
                .toByteArray();
    }
}
