package io.flotilla.raft.core.message;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import java.util.List;

/**
 * What replicas of one group say to each other. The sender's node and the group travel in the envelope. Immutable.
 * Messages may be lost, delayed, doubled and reordered; no handler may assume otherwise.
 */
public sealed interface Message {
    /** The sender's term, except where the record says otherwise. */
    long term();

    /** Asks "would you vote for me in {@code term}?" without either side changing its state (Raft thesis §9.6). */
    record PreVoteRequest(long term, EntryId last) implements Message {}

    /**
     * Answers a pre-vote. Granted: {@code term} is the term asked about. Refused: {@code term} is the responder's
     * current term.
     */
    record PreVoteReply(long term, boolean granted) implements Message {}

    /**
     * Asks for the vote of {@code term}; {@code last} is the end of the candidate's log. Leaves only after term, own
     * vote and log are durable.
     *
     * @param byTransfer whether the leader itself told the candidate to campaign: then there is no reason to stick to it
     */
    record VoteRequest(long term, EntryId last, boolean byTransfer) implements Message {
        public VoteRequest(long term, EntryId last) {
            this(term, last, false);
        }
    }

    /** A follower asks its leader up to where it must have applied for a read that came before. @param number of the question */
    record ReadIndexRequest(long term, long number) implements Message {}

    /**
     * Whoever has applied up to {@code index} sees everything that was committed when the question left. So much of the
     * leader's log is committed.
     */
    record ReadIndexReply(long term, long number, long index) implements Message {}

    /**
     * The leader of {@code term}, whose log the receiver holds, tells it to campaign at once (Raft thesis §3.10). Void if the
     * receiver has heard of a later round of heartbeats, or, since its start, of none in this term.
     *
     * @param round the newest round of heartbeats when this left
     */
    record TimeoutNow(long term, long round) implements Message {}

    /** Leaves only after the vote it reports is durable. */
    record VoteReply(long term, boolean granted) implements Message {}

    /**
     * Entries that follow {@code previous}, in order and without gap; none for a probe.
     *
     * @param commit the leader's commit index
     */
    record AppendRequest(long term, EntryId previous, long commit, List<Entry> entries) implements Message {
        public AppendRequest {
            entries = List.copyOf(entries);
        }
    }

    /** All entries up to {@code matchIndex} are durable at the sender and equal the leader's of this term. */
    record AppendReply(long term, long matchIndex) implements Message {}

    /**
     * The sender has no entry equal to the request's {@code previous}, at {@code rejectedIndex}.
     *
     * @param end the last index of the sender's log that is not after {@code rejectedIndex}
     * @param runs the terms of the sender's <em>own</em> entries up to {@code end}, the latest run first: as many as fit,
     *     at most {@link #MOST_RUNS}
     */
    record AppendReject(long term, long rejectedIndex, long end, List<TermRun> runs) implements Message {
        /** More than a log usually has after what is committed. */
        public static final int MOST_RUNS = 16;

        public AppendReject {
            runs = List.copyOf(runs);
        }
    }

    /**
     * Answers a request whose next entry is guarded, when the sender's state machine does not hold what that names: all entries
     * before {@code index} are durable at the sender and equal the leader's of this term; the one there was not appended.
     *
     * @param canPull whether the sender may still get what is missing from where it comes from; else only a snapshot helps it,
     *     or another replica that holds it
     */
    record HeldBack(long term, long index, boolean canPull) implements Message {}

    /**
     * Keeps the leadership known.
     *
     * @param commit never more than what the receiver has acknowledged to this leader
     * @param round grows with each round of heartbeats that the leader sends
     */
    record Heartbeat(long term, long commit, long round) implements Message {}

    /**
     * Promises nothing about the log, so it leaves without waiting for it. The sender took the heartbeat from the leader
     * of this term, and helps nobody to replace it for a minimum election timeout.
     */
    record HeartbeatReply(long term, long round) implements Message {}
}
