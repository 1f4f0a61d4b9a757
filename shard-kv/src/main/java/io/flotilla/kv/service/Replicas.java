package io.flotilla.kv.service;

import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.TransferCallback;

/** What the service asks of the replicas on its node; as {@link io.flotilla.raft.host.RaftHost} says. */
public interface Replicas {
    void propose(long groupId, byte[] payload, ProposalCallback callback);

    void read(long groupId, ReadCallback callback);

    /** As {@link io.flotilla.raft.host.RaftHost#transferLeadership}. */
    void transferLeadership(long groupId, NodeId target, TransferCallback callback);

    /** As {@link io.flotilla.kv.machine.KvMachines#published}. */
    PublishedGroup published(long groupId);
}
