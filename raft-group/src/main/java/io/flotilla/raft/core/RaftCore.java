package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.message.Message;
import java.util.List;

/**
 * One replica of one group: a deterministic object without thread, clock, random source, file or socket. Any number of
 * inputs may come before a {@link #drain}; what is drained is owed. Belongs to the group worker that owns the group.
 */
public final class RaftCore {
    /** @param seed of this replica's own generator for election timeouts */
    public RaftCore(CoreConfig config, NodeId self, RestoredState restored, long seed) {
        throw new UnsupportedOperationException();
    }

    /** One tick has passed; {@code number} is the host's own count, the same for all groups of a node. */
    public void tick(long number) {
        throw new UnsupportedOperationException();
    }

    public void receive(NodeId from, Message message) {
        throw new UnsupportedOperationException();
    }

    /** Appends the payloads as commands if this replica leads. */
    public ProposeResult propose(List<byte[]> payloads) {
        throw new UnsupportedOperationException();
    }

    /** Asks for a linearizable read; {@code readId} comes back in a grant or among the refused. */
    public void readIndex(long readId) {
        throw new UnsupportedOperationException();
    }

    /** The batch and all before it are durable. */
    public void persisted(long sequence) {
        throw new UnsupportedOperationException();
    }

    /** The state machine has applied up to {@code index}. */
    public void applied(long index) {
        throw new UnsupportedOperationException();
    }

    /** Answers a {@link LoadRequest}; entries whose terms no longer match the log are ignored. */
    public void loaded(LoadRequest request, List<Entry> entries) {
        throw new UnsupportedOperationException();
    }

    public Effects drain() {
        throw new UnsupportedOperationException();
    }

    public SoftState softState() {
        throw new UnsupportedOperationException();
    }
}
