package io.flotilla.raft.machine;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import java.util.List;

/**
 * What a group replicates. All calls for one group come from one applier lane, one at a time, in index order, but for {@link #guard}
 * and {@link #receiveSnapshot}; machines of different groups on different lanes run at the same time.
 *
 * <p>The atomic rule: the effect of {@link #apply} and the applied index it leads to become durable together, or not
 * at all; a crash leaves a prefix. {@code apply} is deterministic: it depends on the entries and the state alone.
 */
public interface StateMachine extends AutoCloseable {
    /** The index up to which the state held now has applied; after opening, what survived the last stop. */
    long appliedIndex();

    /**
     * Applies committed entries, which follow {@link #appliedIndex} without gap. Entries that are no commands change
     * nothing but the index.
     *
     * @return one result per entry, for whoever proposed it here; null for entries that are no commands
     * @throws RuntimeException if the machine can't go on (damage, disk): the host stops the replica, loudly
     */
    List<Object> apply(List<Entry> entries);

    /**
     * Hands to the store below what {@link #apply} may have kept back in memory. The host calls it within a
     * fraction of a second of an apply, and soon when the machine {@link #isFull}. May block.
     *
     * @throws RuntimeException as {@link #apply}
     */
    default void writeBack() {}

    /**
     * Whether {@link #apply} and reads of this machine wait for nothing but now and then for a file to be read, and a few
     * entries take microseconds. Then a thread that is awake already, mostly one of the network's, makes these calls in place of
     * the lane's own, which saves waking that; all else is called on a thread that may block. Never changes.
     */
    default boolean isNonBlocking() {
        return false;
    }

    /** Whether so much is kept back that it should be written back now. */
    default boolean isFull() {
        return false;
    }

    /**
     * Says which guarded entries this replica may append. Asked for on the group's worker whenever such an entry comes, while the machine
     * is open; unlike the machine it is thread-safe.
     */
    default EntryGuard guard() {
        return EntryGuard.NONE;
    }

    /** The index up to which everything applied would survive a crash now; never falls, never above the applied. */
    long durableIndex();

    /**
     * Asks for everything applied so far to be made durable soon, so that the log can be cut; {@link #durableIndex}
     * tells when. Waits for that only if the machine is apart ({@link StateMachineFactory#isApart}). A failure stops the machine
     * at its next {@link #apply} at the latest.
     */
    void flushSoon();

    /**
     * A snapshot of the state at {@link #appliedIndex}. Cheap: it is read later, on another lane, perhaps after this machine is
     * closed.
     */
    SnapshotSource snapshot();

    /** A place for a snapshot of another replica. Any lane; it may be closed after this machine. */
    SnapshotSink receiveSnapshot();

    /**
     * Replaces the whole state by a finished snapshot, which this machine's {@link #receiveSnapshot} made room for, and
     * makes it durable before it returns. A crash at any point leaves the old state or the new one, never a mixture.
     * The sink is closed by the caller.
     *
     * @param last the last entry in the snapshot, after {@link #appliedIndex}
     * @throws RuntimeException if the machine can't go on (damage, disk)
     */
    void install(SnapshotSink snapshot, EntryId last);

    /** The last entry of the snapshot installed last; {@link EntryId#ZERO} if there was none. Survives with the state. */
    EntryId installed();

    /**
     * This machine as the given type: how a reader gets at the queries of the machine it knows. A machine that wraps
     * another one asks that one.
     *
     * @throws ClassCastException if it is none of that type
     */
    default <T extends StateMachine> T as(Class<T> type) {
        return type.cast(this);
    }

    @Override
    void close();
}
