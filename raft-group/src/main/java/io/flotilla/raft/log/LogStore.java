package io.flotilla.raft.log;

import io.flotilla.raft.core.log.Entry;
import java.io.IOException;
import java.util.List;

/**
 * The durable log of all groups of a node. Opening it recovers it. {@link #write} is called from the log writer's lane
 * alone; {@link #read} from any lane.
 *
 * <p>Fail-stop: once a write or a sync failed, every later call throws, and nothing is retried. What was not
 * acknowledged may or may not be there after a restart; what was acknowledged is.
 */
public interface LogStore extends AutoCloseable {
    /** The groups found at opening, by ascending id. */
    List<RecoveredGroup> recovered();

    /** The dropped replicas known at opening, by ascending group id. */
    List<Tombstone> tombstones();

    /**
     * Appends the writes of many groups as one batch and returns when all of it is durable: one write, one sync. Each
     * group has one write at most.
     *
     * @throws IllegalArgumentException if a write does not fit what the log holds; nothing was changed
     * @throws IOException if it can't be made durable; the store is then unusable
     */
    void write(List<GroupWrite> writes) throws IOException;

    /** The number of the newest batch that is known to be durable; 0 if there is none. Never falls, across restarts either. Any thread. */
    long lastBatch();

    /**
     * Counts what {@link #write} does in steps that the disk may hold up: it grows while a write goes on, however slowly. Any
     * thread.
     */
    default long steps() {
        return 0;
    }

    /**
     * Reads entries {@code [from, to]} of a group in order, stopping after {@code maxBytes} but never before the first
     * one. Entries replaced meanwhile by a newer leader's are read in their newest durable form; the caller checks
     * terms.
     *
     * @throws IOException on damage (names file and offset) or a failed read
     * @throws IllegalArgumentException if the range is not in the log, or not any more
     */
    List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException;

    /**
     * Work that would keep a later write from waiting, such as writing out the space for it; null if there is none now.
     * Asked for on the log writer's lane after a write. It runs on any other lane while writes and reads go on, to its
     * end before {@link #close}; its failure is as final as a failed write's.
     */
    default Upkeep upkeep() {
        return null;
    }

    /**
     * The groups whose entries keep the log larger than it should be; empty while it is not. Where the state machine
     * holds such a group's entries durably up to the index (its flush may have to be asked for), {@link
     * GroupWrite#base} should move there soon. Asked for on the log writer's lane after a write; cheap, and the same
     * list as long as nothing changed.
     */
    default List<Pin> pins() {
        return List.of();
    }

    /** Whether the log is so much larger than it should be that nothing but a crash may keep entries. As {@link #pins}. */
    default boolean isOverfull() {
        return false;
    }

    /** @param index the last of the group's entries that should go */
    record Pin(long groupId, long index) {}

    /** A piece of work that blocks. */
    interface Upkeep {
        /** Does it, to its end. @throws IOException if the disk fails: the store is then unusable */
        void run() throws IOException;
    }

    @Override
    void close() throws IOException;
}
