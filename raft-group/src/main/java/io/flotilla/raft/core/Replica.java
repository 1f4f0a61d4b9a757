package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;
import java.util.SplittableRandom;

/** What a replica has in every role. The roles own the rest. */
final class Replica {
    final CoreConfig config;
    final NodeId self;
    final Membership membership;
    final RaftLog log;
    final Outbox outbox;
    final Loads loads;
    final ElectionTimer timer;
    final Allegiance allegiance;
    final long leaseNanos;
    private HardState hardState;
    private long now;
    private long lastQuestion;

    Replica(CoreConfig config, long tickNanos, NodeId self, RestoredState restored, long seed, long now) {
        this.config = config;
        this.self = self;
        this.membership = restored.membership();
        this.hardState = restored.hardState();
        this.outbox = new Outbox(restored.lastIndex());
        this.log = restore(restored);
        this.loads = new Loads(outbox);
        this.timer = new ElectionTimer(config.electionTicks(), seed);
        this.now = now;
        this.lastQuestion = new SplittableRandom(~seed).nextLong() >>> 2;
        long electionNanos = config.electionTicks() * tickNanos;
        this.allegiance = new Allegiance(electionNanos, hardState.term() > 0, now);
        this.leaseNanos = config.leases().nanos(electionNanos, tickNanos);
        Check.that(
                log.last().term() <= hardState.term(),
                "the log ends in term %s, after the stored term %s",
                log.last().term(),
                hardState.term());
    }

    /** An image whose base record a crash prevented counts as installed now; its term was perhaps not durable either. */
    private RaftLog restore(RestoredState restored) {
        EntryId image = restored.installed();
        if (holds(restored, image)) {
            return new RaftLog(restored.base(), restored.terms(), restored.lastIndex(), restored.applied());
        }
        outbox.resetTo(image);
        if (image.term() > hardState.term()) {
            advanceTo(image.term());
        }
        return new RaftLog(image, List.of(), image.index(), restored.applied());
    }

    private static boolean holds(RestoredState restored, EntryId image) {
        if (image.index() <= restored.base().index()) {
            return true;
        }
        long term = 0;
        for (TermRun run : restored.terms()) {
            if (run.firstIndex() <= image.index()) {
                term = run.term();
            }
        }
        return image.index() <= restored.lastIndex() && image.term() == term;
    }

    /** The node's monotonic clock when it was last looked at. */
    long now() {
        return now;
    }

    /** A number that no question of this replica ever had, in this life or an earlier one. */
    long nextQuestion() {
        return ++lastQuestion;
    }

    void now(long nanos) {
        now = Math.max(now, nanos);
    }

    long term() {
        return hardState.term();
    }

    HardState hardState() {
        return hardState;
    }

    void advanceTo(long term) {
        hardState = hardState.advanceTo(term);
        outbox.save(hardState);
    }

    void vote(NodeId candidate) {
        HardState voted = hardState.vote(candidate);
        if (voted != hardState) {
            hardState = voted;
            outbox.save(hardState);
        }
    }

    boolean isHeartbeatTick(long number) {
        return number % config.heartbeatTicks() == 0;
    }

    /** Forgets entries up to {@code index}, which the state machine holds durably. */
    void compactTo(long index) {
        log.compactTo(index);
        outbox.moveBase(log.base());
    }

    /** The state machine took over an image durably. */
    void installed(EntryId last) {
        if (log.contains(last)) {
            log.installed(last);
            outbox.moveBase(last);
        } else {
            log.resetTo(last);
            outbox.resetTo(last);
        }
    }

    /** Adds an entry of this leader's own. */
    void append(Entry entry) {
        log.append(entry);
        outbox.write(entry);
    }

    /**
     * Adds what a leader sent after {@code previous}, which this log contains. Cuts the log only where an entry truly
     * differs: a message may be older than what is here already.
     *
     * @return the last index now known to equal the leader's
     */
    long appendAfter(EntryId previous, List<Entry> entries) {
        long index = previous.index();
        for (Entry entry : entries) {
            Check.that(entry.index() == index + 1, "entry %s came after index %s", entry, index);
            index = entry.index();
            if (index <= log.committed()) {
                continue;
            }
            if (index <= log.lastIndex()) {
                if (log.termAt(index) == entry.term()) {
                    continue;
                }
                log.truncateFrom(index);
                outbox.truncateFrom(index);
            }
            append(entry);
        }
        return index;
    }
}
