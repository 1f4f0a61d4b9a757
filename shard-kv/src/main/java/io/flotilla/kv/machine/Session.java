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
    /** What the gauge says of it. */
    private long published;

    Session(SessionId id) {
        this.id = id;
    }

    Session(SessionId id, SessionRow row) {
        this.id = id;
        this.firstUnacknowledged = row.getFirstUnacknowledged();
        this.latestNotAfter = row.getLatestNotAfterMillis();
        this.replies.addAll(row.getRepliesList());
        for (KeptReply reply : replies) {
            bytes += bytes(reply);
        }
    }

    /** What a reply counts: its row's bytes and what it takes in memory beside. */
    private static int bytes(KeptReply reply) {
        return reply.getSerializedSize() + 64;
    }

    SessionId id() {
        return id;
    }

    long firstUnacknowledged() {
        return firstUnacknowledged;
    }

    /** Of all writes of this session that were ever applied. */
    long latestNotAfter() {
        return latestNotAfter;
    }

    int replyCount() {
        return replies.size();
    }

    /** What the kept replies count together. */
    long bytes() {
        return bytes;
    }

    /** @return true if the gauge said something else */
    boolean publish(long oldest) {
        boolean differs = published != oldest;
        published = oldest;
        return differs;
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
            bytes -= bytes(replies.get(gone));
            gone++;
        }
        replies.subList(0, gone).clear();
        return true;
    }

    /** Forgets the replies that nobody can ask for any more; true if there were any. */
    boolean expire(long logTime) {
        boolean any = replies.removeIf(reply -> SessionLimits.isOver(reply.getNotAfterMillis(), logTime));
        if (any) {
            bytes = 0;
            for (KeptReply reply : replies) {
                bytes += bytes(reply);
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
        bytes += bytes(reply);
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

    SessionRow row() {
        return SessionRow.newBuilder()
                .setFirstUnacknowledged(firstUnacknowledged)
                .setLatestNotAfterMillis(latestNotAfter)
                .addAllReplies(replies)
                .build();
    }

    byte[] toRow() {
        return row().toByteArray();
    }
}
