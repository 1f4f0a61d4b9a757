package io.flotilla.raft.core.read;

import io.flotilla.raft.core.ReadGrant;
import java.util.ArrayList;
import java.util.List;

/**
 * The linearizable reads that wait at a leader (Raft thesis §6.4). A read waits until the leader has committed an entry
 * of its own term, then for a heartbeat round begun after the read came; one round serves all reads that wait when it
 * begins. Belongs to the leader.
 */
public final class ReadIndexQueue {
    private final List<Long> early = new ArrayList<>();
    private List<ReadGrant> waiting = new ArrayList<>();
    private List<ReadGrant> inRound = List.of();
    /** The round that those in it wait for. */
    private long round;

    private boolean open;

    /** The read came when {@code committed} was the commit index. */
    public void add(long readId, long committed) {
        if (open) {
            waiting.add(new ReadGrant(readId, committed));
        } else {
            early.add(readId);
        }
    }

    /** The leader's commit index, now {@code committed}, is known to be the newest: of its own term. */
    public void open(long committed) {
        open = true;
        for (long readId : early) {
            waiting.add(new ReadGrant(readId, committed));
        }
        early.clear();
    }

    /** Whether reads may ask for a commit index of the leader's own term. */
    public boolean isOpen() {
        return open;
    }

    /** Whether reads wait for a round and none is under way for others. */
    public boolean wantRound() {
        return !waiting.isEmpty() && inRound.isEmpty();
    }

    /** A round begins: it is for all that wait, unless an earlier one is still under way for others. */
    public void begin(long number) {
        if (wantRound()) {
            inRound = waiting;
            waiting = new ArrayList<>();
            round = number;
        }
    }

    /** The reads that are safe now that a quorum answered {@code confirmedRound}. */
    public List<ReadGrant> confirm(long confirmedRound) {
        if (inRound.isEmpty() || confirmedRound < round) {
            return List.of();
        }
        List<ReadGrant> safe = inRound;
        inRound = List.of();
        return safe;
    }

    /** Every read not granted; the leader leads no more. */
    public List<Long> abandon() {
        List<Long> reads = new ArrayList<>();
        inRound.forEach(read -> reads.add(read.readId()));
        waiting.forEach(read -> reads.add(read.readId()));
        reads.addAll(early);
        return reads;
    }
}
