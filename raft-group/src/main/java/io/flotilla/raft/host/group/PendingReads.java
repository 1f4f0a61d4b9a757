package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The reads of one group that were not yet granted, in batches: all reads of a turn ask the core once. Belongs to the
 * group's worker; only the count of all open reads, granted ones included, is shared.
 */
final class PendingReads {
    private final Lane lane;
    private final int max;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<Long, List<ReadCallback>> asked = new LinkedHashMap<>();
    private List<ReadCallback> offered = new ArrayList<>();
    private List<ReadCallback> offeredHere = new ArrayList<>();
    private long nextId = 1;

    PendingReads(GroupReplica replica, HostState state) {
        this.lane = replica.worker().lane();
        this.max = state.config.limits().maxPendingReads();
    }

    /** Takes a place for one read; any thread. @return false if too many are open */
    boolean reserve() {
        if (open.get() >= max) {
            return false;
        }
        open.incrementAndGet();
        return true;
    }

    /** Reads were answered; any thread. */
    void done(int count) {
        open.addAndGet(-count);
    }

    /** Any thread. */
    void held(Held held) {
        held.add("reads", open.get());
    }

    void add(ReadCallback callback, ReadAt at) {
        (at == ReadAt.LEADER ? offered : offeredHere).add(callback);
    }

    void submit(RaftCore core) {
        if (!offered.isEmpty()) {
            long id = nextId++;
            asked.put(id, offered);
            offered = new ArrayList<>();
            core.readIndex(id);
        }
        if (!offeredHere.isEmpty()) {
            long id = nextId++;
            asked.put(id, offeredHere);
            offeredHere = new ArrayList<>();
            core.readIndexHere(id);
        }
    }

    /** @return null if they were answered already */
    List<ReadCallback> take(long readId) {
        return asked.remove(readId);
    }

    void refuse(List<Long> readIds, NodeId leader) {
        Refusal refusal = new Refusal.NotLeader(leader);
        for (int i = 0; i < readIds.size(); i++) {
            List<ReadCallback> callbacks = asked.remove(readIds.get(i));
            if (callbacks != null) {
                refuse(callbacks, refusal);
            }
        }
    }

    void refuseAll() {
        Refusal refusal = new Refusal.NoReplica();
        refuse(offered, refusal);
        offered = new ArrayList<>();
        refuse(offeredHere, refusal);
        offeredHere = new ArrayList<>();
        asked.values().forEach(callbacks -> refuse(callbacks, refusal));
        asked.clear();
    }

    private void refuse(List<ReadCallback> callbacks, Refusal refusal) {
        done(callbacks.size());
        callbacks.forEach(callback -> HostState.refuse(callback, refusal, lane));
    }
}
