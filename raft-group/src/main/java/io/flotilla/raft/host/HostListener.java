package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.transport.NodeStart;

/** What the host tells the node that it is part of. Called on any lane; must not block. */
public interface HostListener {
    /** One replica can't go on (a failed check, a state machine that threw); the others are not disturbed. */
    void groupFailed(long groupId, Throwable cause);

    /** The log can't go on (a failed write or sync, damage): nothing more is acknowledged; the node must stop. */
    void nodeFailed(Throwable cause);

    /**
     * A message of another node for a replica here can't be true and was dropped: a term or an index that leaps far beyond all that is
     * known. Called on the group's worker.
     *
     * @param why a part of a sentence
     */
    default void absurd(long groupId, NodeId from, String why) {}

    /**
     * Another node is connected, by that start of it. Between two calls for one peer comes {@link #peerDown}. Called on a thread
     * of the network, for one peer one at a time and in order; not after the host began to close.
     */
    default void peerUp(NodeId peer, NodeStart start) {}

    /** No connection with that start of the peer is left, or a later one is connected. As {@link #peerUp}. */
    default void peerDown(NodeId peer, NodeStart start) {}

    /** This node's disk has become slow, or is not slow any more. Called on a group's worker. */
    default void diskPaceChanged(DiskPace pace) {}

    /**
     * The role of a replica here has changed, or the term, or who leads. Called on its group's worker, at the end of the turn in
     * which that happened and before anything of that turn leaves this node; so what the replica was in between is not told.
     * A replica begins as a follower that knows no leader, which is not told; one that halts or is dropped is told as that once
     * more, one that ends with its host is not. Nothing is called while nothing changes.
     *
     * @param leader of {@code term}, this node perhaps; null if it is not known
     */
    default void roleChanged(long groupId, RoleName role, long term, NodeId leader) {}

    /**
     * A replica here did not append a guarded entry, for it does not hold what that names ({@link
     * io.flotilla.raft.machine.EntryGuard}). Told again at the pace of heartbeats while it is so, and by whoever leads
     * then. Called on the group's worker.
     *
     * @param entry what it names may be pulled meanwhile; it is not known to be committed
     * @param from the leader that sent it, which holds it, or has applied it
     * @return whether this node can still get what is missing from where it comes from: if not, a leader that has applied the entry
     *     sends a snapshot of the state machine, which holds it
     */
    default boolean heldBack(long groupId, Entry entry, NodeId from) {
        return true;
    }

    /**
     * What another node's {@link RaftHost#tell} said. May come twice or late. Called on a thread of the network; not after the host
     * began to close. The array belongs to the listener.
     */
    default void told(NodeId from, byte[] bytes) {}

    /**
     * An applier has called callbacks, many perhaps, and comes to its next piece of work: what they gathered may leave.
     * Called on the applier's lane.
     */
    default void answersGiven() {}
}
