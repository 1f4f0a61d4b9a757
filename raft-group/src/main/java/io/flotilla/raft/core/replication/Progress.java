package io.flotilla.raft.core.replication;

/**
 * What a leader knows of one follower, and when it may send what. Starts without knowledge at each election; {@link
 * #match} never falls while the leader leads. Times are the leader's own ticks in office. Belongs to the leader.
 */
public final class Progress {
    private final int maxInflightMessages;
    private final int maxInflightBytes;
    private Flow flow = new Probing();
    private long match;
    private long next;
    private long heardAt;
    private long round;

    /** @param next the index of the first entry to try */
    public Progress(long next, int maxInflightMessages, int maxInflightBytes) {
        this.next = next;
        this.maxInflightMessages = maxInflightMessages;
        this.maxInflightBytes = maxInflightBytes;
    }

    /** Everything up to here is durable at the follower and equal to the leader's. */
    public long match() {
        return match;
    }

    /** The first entry of the next message. */
    public long next() {
        return next;
    }

    /** The newest round of heartbeats the follower answered. */
    public long answeredRound() {
        return round;
    }

    public void heard(long now) {
        heardAt = now;
    }

    public boolean heardWithin(long now, int ticks) {
        return now - heardAt < ticks;
    }

    public void answeredRound(long number) {
        round = Math.max(round, number);
    }

    /** Whether a message of up to {@code bytes} should leave, with entries or, to probe, without. */
    public boolean maySend(long lastIndex, int bytes) {
        return (next <= lastIndex || flow instanceof Probing) && flow.hasRoomFor(bytes);
    }

    /** A message with the entries from {@link #next} to {@code lastIndex} left. */
    public void sent(long lastIndex, int bytes, long now) {
        flow.sent(lastIndex, bytes, now);
        if (flow instanceof Replicating) {
            next = lastIndex + 1;
        }
    }

    /** The follower says that it holds everything up to {@code index}. */
    public void acknowledged(long index, long now) {
        boolean advanced = index > match;
        match = Math.max(match, index);
        if (flow instanceof Replicating replicating) {
            next = Math.max(next, match + 1);
            if (advanced) {
                replicating.acknowledged(match, now);
            }
        } else if (flow instanceof Probing && (advanced || index >= next - 1)
                || flow instanceof HoldingBack && match >= next) {
            flow = new Replicating(maxInflightMessages, maxInflightBytes);
            next = match + 1;
        }
    }

    /**
     * The follower holds everything before {@code index}, and did not take the entry there: what follows waits until it does.
     *
     * @param pace in ticks between attempts
     */
    public void heldBack(long index, int pace, long now) {
        if (!isHeldBack() || next != index) {
            flow = new HoldingBack(pace, now);
            next = index;
        }
    }

    /** Whether a message to it carries one entry only. */
    public boolean isHeldBack() {
        return flow instanceof HoldingBack;
    }

    /** Whether a refusal of {@code index} tells anything new: late ones are below what the follower holds by now. */
    public boolean isCurrentRejection(long index) {
        if (flow instanceof Replicating) {
            return index > match;
        }
        return flow instanceof Probing && index == next - 1 && index > match;
    }

    /** Whether a current refusal of {@code index} settles that the follower shares nothing from {@code base} on. */
    public boolean isBehind(long base, long index) {
        return flow instanceof Probing && index <= base;
    }

    /** The follower holds nothing of the leader's after {@code possibleMatch}: try there at once. */
    public void rejected(long possibleMatch) {
        flow = new Probing();
        next = Math.max(match, possibleMatch) + 1;
    }

    /** Tries at {@code first}, for what comes before it is not to be had any more, or is held by now. */
    public void probeFrom(long first) {
        flow = new Probing();
        next = Math.max(match + 1, first);
    }

    /**
     * Sends nothing until {@link #probeFrom}: the follower needs a snapshot.
     *
     * @param enough as in {@link #needsNoSnapshot}
     */
    public void awaitSnapshot(long enough) {
        flow = new Snapshotting(enough);
    }

    public boolean awaitsSnapshot() {
        return flow instanceof Snapshotting;
    }

    /** Whether it awaits a snapshot, and has come by what it lacked, in a log that begins after {@code base}, by other means. */
    public boolean needsNoSnapshot(long base) {
        return flow instanceof Snapshotting snapshotting && match >= Math.max(base, snapshotting.enough());
    }

    /** The follower is alive; if what was sent to it went unanswered for {@code patience} ticks, it was lost. */
    public void checkForLoss(long now, int patience) {
        if (flow instanceof Probing probing) {
            if (probing.isOverdue(now, patience)) {
                probing.answered();
            }
        } else if (flow instanceof Replicating replicating && replicating.isStalled(now, patience)) {
            flow = new Probing();
            next = match + 1;
        } else if (flow instanceof HoldingBack holding) {
            holding.heard(now);
        }
    }
}
