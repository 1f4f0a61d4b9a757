package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message;

/**
 * What no replica of a group can truly say to another. A term that was taken over is never given back, so one that leaps is not taken.
 * Pure.
 */
final class Plausibility {
    /** A group that elects once a second needs more than half a year for so many terms. */
    static final long TERM_LEAP = 1L << 24;
    /** A replica that knows nothing yet takes any term up to here. */
    static final long FIRST_TERM_LEAP = 1L << 40;
    /** At a million entries a second a group needs nine years for so many. */
    static final long INDEX_LEAP = 1L << 48;

    private Plausibility() {}

    /** Why the message can't be true: a part of a sentence; null if it can. @param lastIndex where the log here ends */
    static String objection(Message message, long term, long lastIndex) {
        String objection = ofTerm(message.term(), term);
        if (objection != null) {
            return objection;
        }
        if (message instanceof Message.Heartbeat heartbeat) {
            return ofIndex(heartbeat.commit(), lastIndex);
        } else if (message instanceof Message.AppendRequest append) {
            return ofAppend(append, lastIndex);
        } else if (message instanceof Message.AppendReply reply) {
            return reply.term() == term ? ofAcknowledged(reply.matchIndex(), lastIndex) : null;
        } else if (message instanceof Message.HeldBack held) {
            return held.term() == term ? ofAcknowledged(held.index() - 1, lastIndex) : null;
        } else if (message instanceof Message.VoteRequest vote) {
            return ofCandidate(vote.term(), vote.last(), lastIndex);
        } else if (message instanceof Message.PreVoteRequest vote) {
            return ofCandidate(vote.term(), vote.last(), lastIndex);
        } else if (message instanceof Message.ReadIndexReply read) {
            return ofIndex(read.index(), lastIndex);
        }
        return null;
    }

    /** The same of a snapshot that ends with {@code last}, from a leader of {@code theirs}. */
    static String ofSnapshot(long theirs, EntryId last, long term, long lastIndex) {
        String objection = ofTerm(theirs, term);
        if (objection == null && last.term() > theirs) {
            objection = "a snapshot of a leader of term " + theirs + " ends in term " + last.term();
        }
        return objection == null ? ofIndex(last.index(), lastIndex) : objection;
    }

    private static String ofTerm(long theirs, long term) {
        long most = term == 0 ? FIRST_TERM_LEAP : term + TERM_LEAP;
        return theirs > most ? "it is of term " + theirs + ", and term " + term + " is known here" : null;
    }

    private static String ofIndex(long index, long lastIndex) {
        return index > lastIndex + INDEX_LEAP
                ? "it tells of index " + index + ", and the log here ends at " + lastIndex
                : null;
    }

    private static String ofAcknowledged(long index, long lastIndex) {
        return index > lastIndex
                ? "it acknowledges index " + index + ", and the log of this term's leader ends at " + lastIndex
                : null;
    }

    private static String ofCandidate(long term, EntryId last, long lastIndex) {
        return last.term() >= term
                ? "a candidate of term " + term + " has a log that ends in term " + last.term()
                : ofIndex(last.index(), lastIndex);
    }

    private static String ofAppend(Message.AppendRequest append, long lastIndex) {
        EntryId previous = append.previous();
        int count = append.entries().size();
        Entry last = count == 0 ? null : append.entries().get(count - 1);
        long newest = last == null ? previous.term() : last.term();
        if (newest > append.term() || previous.term() > newest) {
            return "a leader of term " + append.term() + " sends entries of term " + newest + " after one of term "
                    + previous.term();
        }
        String objection = ofIndex(append.commit(), lastIndex);
        return objection == null ? ofIndex(previous.index() + count, lastIndex) : objection;
    }
}
