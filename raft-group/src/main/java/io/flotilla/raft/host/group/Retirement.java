package io.flotilla.raft.host.group;

import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.log.Tombstone;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of one replica: the tombstone takes the place of its log, then its machine's data goes, then the tombstone says
 * so, and only then the node has no replica any more. A crash in between is made up for at the next start. Belongs to the
 * group's worker.
 */
public final class Retirement {
    private final GroupReplica replica;
    private final HostGroups state;
    private final List<RetireCallback> callbacks = new ArrayList<>(1);

    /** Null before it begins. */
    private volatile Tombstone tombstone;

    private boolean isOver;

    Retirement(GroupReplica replica, HostGroups state) {
        this.replica = replica;
        this.state = state;
    }

    /** Any lane. */
    public boolean hasBegun() {
        return tombstone != null;
    }

    /** @param callback may be null */
    void await(RetireCallback callback) {
        if (callback != null && isOver) {
            HostState.tell(callback::retired, replica.worker().lane());
        } else if (callback != null) {
            callbacks.add(callback);
        }
    }

    /** The replica does not run any more. */
    void begin(Tombstone written) {
        tombstone = written;
        replica.worker().write(replica.events(), written);
    }

    /** The tombstone was found at the start: what it is for is perhaps not done yet. */
    public void goOn(Tombstone found) {
        tombstone = found;
        replica.machine().submitDrop();
    }

    void dropped() {
        tombstone = tombstone.whenDropped();
        replica.worker().write(replica.events(), tombstone);
    }

    /** The tombstone is durable. On the log writer's lane. */
    public void durable(Tombstone written) {
        if (!written.dropped()) {
            replica.machine().submitDrop();
            return;
        }
        state.tombstones.put(written.groupId(), written);
        state.replicas.remove(written.groupId(), replica);
        replica.worker().lane().execute(this::answer);
    }

    private void answer() {
        isOver = true;
        callbacks.forEach(
                callback -> HostState.tell(callback::retired, replica.worker().lane()));
        callbacks.clear();
    }

    /** The host is down, or the data can't be dropped. */
    void refuse(Refusal refusal) {
        callbacks.forEach(
                callback -> HostState.refuse(callback, refusal, replica.worker().lane()));
        callbacks.clear();
    }
}
