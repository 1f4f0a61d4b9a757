package io.flotilla.raft.host.group;

import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.apply.Applier;
import io.flotilla.raft.host.apply.MachineOwner;
import io.flotilla.raft.host.persistence.BatchListener;
import io.flotilla.raft.host.persistence.LogOwner;
import io.flotilla.raft.host.persistence.WriterNotes;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.IncomingSnapshot;
import io.flotilla.raft.host.snapshot.SnapshotOwner;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.util.List;

/**
 * One replica as the rooms below know it: what they tell becomes an event of the replica's worker. Thread-safe, but for the two methods
 * that are called on the worker's lane.
 */
public final class ReplicaEvents implements MachineOwner, SnapshotOwner, LogOwner {
    private final GroupReplica replica;
    private final GroupWorker worker;
    private final WriterNotes notes = new WriterNotes();

    ReplicaEvents(GroupReplica replica) {
        this.replica = replica;
        this.worker = replica.worker();
    }

    @Override
    public long groupId() {
        return replica.groupId();
    }

    @Override
    public GroupDescriptor descriptor() {
        return replica.descriptor();
    }

    // the log's

    @Override
    public WriterNotes notes() {
        return notes;
    }

    @Override
    public BatchListener worker() {
        return worker;
    }

    @Override
    public void persisted(long sequence) {
        replica.persisted(sequence);
    }

    @Override
    public void created() {
        replica.machine().submitOpen();
    }

    @Override
    public void buried(Tombstone tombstone) {
        replica.retirement().durable(tombstone);
    }

    @Override
    public void trim(long index, boolean overfull) {
        replica.machine().submitTrim(index, overfull);
    }

    @Override
    public void loaded(LoadRequest request, List<Entry> entries) {
        worker.post(new Event.Loaded(replica, request, entries));
    }

    // the machine's

    @Override
    public void atEndOfTurn(Applier applier, Runnable task) {
        worker.apply(applier, task);
    }

    @Override
    public void opened(long applied, EntryId installed) {
        worker.post(new Event.Opened(replica, applied, installed));
    }

    @Override
    public void applied(long index) {
        worker.post(new Event.Applied(replica, index));
    }

    /** Also the snapshots'. */
    @Override
    public void failed(Throwable cause) {
        worker.post(new Event.MachineFailed(replica, cause));
    }

    @Override
    public void dropped() {
        worker.post(new Event.Dropped(replica));
    }

    @Override
    public void trimmable(long upTo, boolean overfull) {
        worker.post(new Event.Trimmable(replica, upTo, overfull));
    }

    @Override
    public void snapshotTaken(NodeId to, SnapshotSource source) {
        worker.snapshots().keep(this, to, source);
    }

    @Override
    public void snapshotNotTaken(NodeId to) {
        worker.snapshots().notTaken(this, to, null);
    }

    @Override
    public void readAgain(ReadCallback callback) {
        if (!worker.post(new Event.Read(replica, callback, ReadAt.LEADER))) {
            readsDone(1);
            HostState.refuse(callback, new Refusal.Busy(HostState.RETRY_MILLIS), worker.lane());
        }
    }

    @Override
    public void readsDone(int count) {
        replica.readsDone(count);
    }

    // the snapshots'

    @Override
    public long firstIndex() {
        return replica.status().firstIndex();
    }

    @Override
    public boolean isDropping() {
        return replica.retirement().hasBegun();
    }

    @Override
    public boolean hasEnded() {
        return replica.status().failure() != null;
    }

    @Override
    public StateMachine machine() {
        return replica.machine().machine();
    }

    @Override
    public void asked(NodeId to) {
        worker.post(new Event.SnapshotAsked(replica, to));
    }

    @Override
    public void progress(NodeId to, long lastIndex) {
        worker.post(new Event.SnapshotProgress(replica, to, lastIndex));
    }

    @Override
    public void taken(NodeId to, SnapshotSource source) {
        worker.post(new Event.SnapshotTaken(replica, to, source));
    }

    @Override
    public void sent(NodeId to, EntryId last) {
        worker.post(new Event.SnapshotSent(replica, to, last));
    }

    @Override
    public void offered(IncomingSnapshot snapshot) {
        worker.post(new Event.SnapshotOffered(replica, snapshot));
    }

    @Override
    public void received(IncomingSnapshot snapshot) {
        worker.post(new Event.SnapshotReceived(replica, snapshot));
    }
}
