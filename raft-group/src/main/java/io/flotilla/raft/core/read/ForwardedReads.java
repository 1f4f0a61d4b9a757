package io.flotilla.raft.core.read;

import java.util.ArrayList;
import java.util.List;

/**
 * The reads for which a follower asks its leader where the commit index stands (Raft thesis §6.4). One question at a time is
 * under way, for all reads that waited when it was asked; it is repeated until it is answered, with the same number. The
 * numbers begin at random, so that an answer to a question of an earlier life of this replica answers none of this one.
 * Belongs to the follower; a new leader is asked by a new one.
 */
public final class ForwardedReads {
    private List<Long> waiting = new ArrayList<>();
    private List<Long> asked = List.of();
    private long question;

    public void add(long readId) {
        waiting.add(readId);
    }

    /** Whether reads wait and no question is under way. */
    public boolean mayAsk() {
        return asked.isEmpty() && !waiting.isEmpty();
    }

    /** All that wait are asked for now. */
    public void ask(long number) {
        question = number;
        asked = waiting;
        waiting = new ArrayList<>();
    }

    /** The question under way, to be repeated; 0 if there is none. */
    public long unanswered() {
        return asked.isEmpty() ? 0 : question;
    }

    /** The reads that this answers; none if it is not the question under way. */
    public List<Long> answered(long number) {
        if (asked.isEmpty() || number != question) {
            return List.of();
        }
        List<Long> reads = asked;
        asked = List.of();
        return reads;
    }

    /** Every read without an answer: there is nobody to ask any more. */
    public List<Long> abandon() {
        List<Long> reads = new ArrayList<>(asked);
        reads.addAll(waiting);
        return reads;
    }
}
