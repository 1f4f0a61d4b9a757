package io.flotilla.raft.host.group;

import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.apply.Applier;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** What all rooms share, and the groups that are here or were. Thread-safe. */
public final class HostGroups extends HostState {
    /** By group id; only looked up, or sorted before it is walked through. */
    public final ConcurrentMap<Long, GroupReplica> replicas = new ConcurrentHashMap<>();

    /** Of dropped replicas, by group id. */
    public final ConcurrentMap<Long, Tombstone> tombstones = new ConcurrentHashMap<>();

    public HostGroups(
            HostConfig config, NodeRuntime runtime, LogStore log, Transport transport, HostListener listener) {
        super(config, runtime, log, transport, listener);
    }

    /** Adds what is taken of the bounds of all replicas, workers and appliers. Any thread. */
    public void held(GroupWorker[] workers, Applier[] appliers, Held held) {
        replicas.values().forEach(replica -> replica.held(held));
        for (GroupWorker worker : workers) {
            worker.held(held);
        }
        for (Applier applier : appliers) {
            applier.held(held);
        }
    }

    /** The replica of a group as the rooms below know it, or null. Any thread. */
    public ReplicaEvents events(long groupId) {
        GroupReplica replica = replicas.get(groupId);
        return replica == null ? null : replica.events();
    }
}
