package io.flotilla.raft.host.group;

import io.flotilla.raft.core.Command;
import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.host.persistence.DurableBatches;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.IncomingSnapshot;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import java.util.List;

/**
 * Something for a group worker to do: made anywhere, posted to the worker, and from then on the worker's, on whose lane it is handled or,
 * once the host is down, refused. Requests of callers and messages of other nodes count against the bounds of the worker's
 * inbox; answers to what the host itself asked for always fit, for what it asks is bounded.
 */
public sealed interface Event {
    /** On the worker's lane. */
    void handle(GroupWorker worker);

    /** The host stopped before the event was handled: whoever waits for it is told. On the worker's lane. */
    default void refuse(GroupWorker worker) {}

    /** What it counts against the worker's inbox; 0 for an answer. */
    default int weight() {
        return 0;
    }

    /** Payload bytes, for the bounds of the inbox and of a turn. */
    default long bytes() {
        return 0;
    }

    /** What a caller wants of one replica. */
    sealed interface Request extends Event {
        @Override
        default int weight() {
            return 1;
        }
    }

    /** A proposal; later its place in the log. */
    final class Proposal implements Request, Command {
        final GroupReplica replica;
        final ProposalCallback callback;
        private final byte[] payload;
        private final int flags;
        long term;
        long index;

        public Proposal(GroupReplica replica, byte[] payload, int flags, ProposalCallback callback) {
            this.replica = replica;
            this.payload = payload;
            this.flags = flags;
            this.callback = callback;
        }

        @Override
        public byte[] payload() {
            return payload;
        }

        @Override
        public int flags() {
            return flags;
        }

        @Override
        public void handle(GroupWorker worker) {
            replica.offer(this);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }

        @Override
        public long bytes() {
            return payload.length;
        }
    }

    /** A read that has its place among those that wait. */
    record Read(GroupReplica replica, ReadCallback callback, ReadAt at) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.offer(this);
        }

        @Override
        public void refuse(GroupWorker worker) {
            replica.readsDone(1);
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** Messages of one node for groups of one worker. */
    record Incoming(NodeId from, List<GroupMessage> messages, long bytes) implements Event {
        public Incoming(NodeId from, List<GroupMessage> messages) {
            this(from, messages, bytesOf(messages));
        }

        private static long bytesOf(List<GroupMessage> messages) {
            long sum = 0;
            for (int i = 0; i < messages.size(); i++) {
                if (messages.get(i).message() instanceof Message.AppendRequest append) {
                    List<Entry> entries = append.entries();
                    for (int j = 0; j < entries.size(); j++) {
                        sum += entries.get(j).bytes();
                    }
                }
            }
            return sum;
        }

        @Override
        public void handle(GroupWorker worker) {
            long nanos = worker.state().nanos();
            for (int i = 0; i < messages.size(); i++) {
                worker.receive(from, messages.get(i), nanos);
            }
        }

        @Override
        public int weight() {
            return messages.size();
        }
    }

    /** A wish that another replica should lead. */
    record Transfer(GroupReplica replica, NodeId target, TransferCallback callback) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.transfer(target, callback);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** Somebody wants another membership. */
    record Change(GroupReplica replica, MembershipChange change, MembershipCallback callback) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.membership().change(change, callback);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** Somebody wants to know how far the replicas are. */
    record AskProgress(GroupReplica replica, ProgressCallback callback) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.membership().progress(callback);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** Somebody wants the membership to stay as it is for a while. */
    record HoldMembership(GroupReplica replica, long nanos, ProgressCallback callback) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.membership().hold(nanos, callback);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** The owner says that this node has no replica any more. */
    record Retire(GroupReplica replica, long removedAt, RetireCallback callback) implements Request {
        @Override
        public void handle(GroupWorker worker) {
            replica.retire(removedAt, callback);
        }

        @Override
        public void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }
    }

    /** Batches of the worker's replicas are durable. */
    record Durable(DurableBatches batches) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            batches.tell(worker.outbox());
        }
    }

    /** Entries were read from the log. */
    record Loaded(GroupReplica replica, LoadRequest request, List<Entry> entries) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.loaded(request, entries);
        }
    }

    /** The machine is open: the core may start. */
    record Opened(GroupReplica replica, long applied, EntryId installed) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.start(applied, installed);
        }
    }

    /** The machine has applied. */
    record Applied(GroupReplica replica, long index) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.applied(index);
        }
    }

    /** The machine can't go on. */
    record MachineFailed(GroupReplica replica, Throwable cause) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.halt(cause);
        }
    }

    /** The data of a replica that was dropped is gone. */
    record Dropped(GroupReplica replica) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.retirement().dropped();
        }
    }

    /** The machine holds entries durably that the log store would like to be rid of. */
    record Trimmable(GroupReplica replica, long upTo, boolean overfull) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.compact(upTo, overfull);
        }
    }

    /** A follower asks for a snapshot. */
    record SnapshotAsked(GroupReplica replica, NodeId to) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().asked(to);
        }

        @Override
        public void refuse(GroupWorker worker) {
            worker.snapshots().notTaken(replica.events(), to, null);
        }
    }

    /** A follower goes on fetching a snapshot. */
    record SnapshotProgress(GroupReplica replica, NodeId to, long lastIndex) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().progress(to, lastIndex);
        }
    }

    /** The machine gave a snapshot for a follower. */
    record SnapshotTaken(GroupReplica replica, NodeId to, SnapshotSource source) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().taken(to, source);
        }

        @Override
        public void refuse(GroupWorker worker) {
            worker.snapshots().notTaken(replica.events(), to, source);
        }
    }

    /** What became of a snapshot for a follower. @param last what the follower holds by now, or null if it failed */
    record SnapshotSent(GroupReplica replica, NodeId to, EntryId last) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().sent(to, last);
        }
    }

    /** The first part of a snapshot is here. */
    record SnapshotOffered(GroupReplica replica, IncomingSnapshot snapshot) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().offered(snapshot);
        }
    }

    /** A snapshot is here, whole. */
    record SnapshotReceived(GroupReplica replica, IncomingSnapshot snapshot) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.snapshots().received(snapshot);
        }

        @Override
        public void refuse(GroupWorker worker) {
            worker.snapshots().over(snapshot, BulkMessage.Outcome.GIVEN_UP, "the node stops");
        }
    }

    /** The machine holds a snapshot, durably. */
    record SnapshotInstalled(GroupReplica replica, EntryId last) implements Event {
        @Override
        public void handle(GroupWorker worker) {
            replica.installed(last);
        }
    }
}
