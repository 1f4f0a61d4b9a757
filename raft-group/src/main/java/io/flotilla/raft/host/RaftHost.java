package io.flotilla.raft.host;

import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;
import java.util.List;

/** The door to all replicas of a node. Thread-safe; no call blocks; callbacks say on which lane they come. */
public final class RaftHost implements AutoCloseable {
    public RaftHost(
            HostConfig config,
            NodeRuntime runtime,
            LogStore log,
            Transport transport,
            StateMachineFactory machines,
            HostListener listener) {
        throw new UnsupportedOperationException();
    }

    /** Starts the recovered groups, then ticks and messages. Called once. */
    public void start() {
        throw new UnsupportedOperationException();
    }

    /** Creates a replica of a new group; does nothing if there is one already. Durable before it takes part. */
    public void createGroup(GroupDescriptor group) {
        throw new UnsupportedOperationException();
    }

    /** Replicates a command. The array belongs to the host from here on. */
    public void propose(long groupId, byte[] payload, ProposalCallback callback) {
        throw new UnsupportedOperationException();
    }

    /** Runs a linearizable read on the group's leader. */
    public void read(long groupId, ReadCallback callback) {
        throw new UnsupportedOperationException();
    }

    /** The replicas here, by ascending group id; a recent consistent value of each. Any thread. */
    public List<GroupStatus> status() {
        throw new UnsupportedOperationException();
    }

    /** The replica of one group, or null. Any thread. */
    public GroupStatus status(long groupId) {
        throw new UnsupportedOperationException();
    }

    /** Stops all work: open proposals end indeterminate, reads refused. Closes machines, then the log. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
