package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSource;

/** The replica that a state machine belongs to. Called on the applier's lane unless it says otherwise; no method blocks. */
public interface MachineOwner {
    /** The group that the replica belongs to. */
    long groupId();

    /** What the replica was created from. */
    GroupDescriptor descriptor();

    /** Gives the applier a task at the end of the worker's turn, after those given before. On the worker's lane. */
    void atEndOfTurn(Applier applier, Runnable task);

    /** The machine is open. @param installed where the snapshot ends that it began with, if it began with one */
    void opened(long applied, EntryId installed);

    /** Entries up to this index are applied. */
    void applied(long index);

    /** The machine can't go on, and is closed. */
    void failed(Throwable cause);

    /** The machine's data is gone. */
    void dropped();

    /** The machine holds entries durably that the log store would like to be rid of. */
    void trimmable(long upTo, boolean overfull);

    /** The machine gave a snapshot for a follower; who hears it closes it. */
    void snapshotTaken(NodeId to, SnapshotSource source);

    /** There is no snapshot for a follower. */
    void snapshotNotTaken(NodeId to);

    /** The lease ran out while a read was made: now it takes a round. It stays open. */
    void readAgain(ReadCallback callback);

    /** So many reads are over. */
    void readsDone(int count);
}
