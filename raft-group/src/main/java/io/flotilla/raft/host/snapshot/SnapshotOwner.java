package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;

/** The replica whose snapshots are sent and received. Any lane; no method blocks, and an answer comes by {@link Snapshots}. */
public interface SnapshotOwner {
    /** The group that the replica belongs to. */
    long groupId();

    /** The first index of its log that is still there, as it was a moment ago. */
    long firstIndex();

    /** Whether the replica ended: it will never run again. */
    boolean hasEnded();

    /** Whether the replica is being dropped. */
    boolean isDropping();

    /** Null while it is not open. */
    StateMachine machine();

    /** A follower asks for a snapshot. */
    void asked(NodeId to);

    /** A follower goes on fetching one that ends at an index. */
    void progress(NodeId to, long lastIndex);

    /** The machine gave a snapshot for a follower, which is kept here. */
    void taken(NodeId to, SnapshotSource source);

    /** @param last what the follower holds by now, or null if it got no snapshot */
    void sent(NodeId to, EntryId last);

    /** The first part of a snapshot for this replica is here. */
    void offered(IncomingSnapshot snapshot);

    /** A snapshot for this replica is here, whole. */
    void received(IncomingSnapshot snapshot);

    /** A snapshot that the machine gave can't be read: the machine can't go on. */
    void failed(Throwable cause);
}
