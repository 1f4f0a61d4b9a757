package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.snapshot.IncomingSnapshot;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;

/** The kinds of events that move a log's base and carry snapshots. */
public final class SnapshotEvents {
    private SnapshotEvents() {}

    /** The machine holds entries durably that the log store would like to be rid of. */
    public static final class Trimmable extends Event {
        private final GroupReplica replica;
        private final long upTo;
        private final boolean overfull;

        public Trimmable(GroupReplica replica, long upTo, boolean overfull) {
            this.replica = replica;
            this.upTo = upTo;
            this.overfull = overfull;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.compact(upTo, overfull);
        }
    }

    /** A follower asks for a snapshot. */
    public static final class Asked extends Event {
        private final GroupReplica replica;
        private final NodeId to;

        public Asked(GroupReplica replica, NodeId to) {
            this.replica = replica;
            this.to = to;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotAsked(to);
        }

        @Override
        void refuse(GroupWorker worker) {
            worker.snapshots().notTaken(replica, to, null);
        }
    }

    /** A follower goes on fetching a snapshot. */
    public static final class Progress extends Event {
        private final GroupReplica replica;
        private final NodeId to;
        private final long lastIndex;

        public Progress(GroupReplica replica, NodeId to, long lastIndex) {
            this.replica = replica;
            this.to = to;
            this.lastIndex = lastIndex;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotProgress(to, lastIndex);
        }
    }

    /** The machine gave a snapshot for a follower. */
    public static final class Taken extends Event {
        private final GroupReplica replica;
        private final NodeId to;
        private final SnapshotSource source;

        public Taken(GroupReplica replica, NodeId to, SnapshotSource source) {
            this.replica = replica;
            this.to = to;
            this.source = source;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotTaken(to, source);
        }

        @Override
        void refuse(GroupWorker worker) {
            worker.snapshots().notTaken(replica, to, source);
        }
    }

    /** What became of a snapshot for a follower. @param last what the follower holds by now, or null if it failed */
    public static final class Sent extends Event {
        private final GroupReplica replica;
        private final NodeId to;
        private final EntryId last;

        public Sent(GroupReplica replica, NodeId to, EntryId last) {
            this.replica = replica;
            this.to = to;
            this.last = last;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotSent(to, last);
        }
    }

    /** The first part of a snapshot is here. */
    public static final class Offered extends Event {
        private final GroupReplica replica;
        private final IncomingSnapshot snapshot;

        public Offered(GroupReplica replica, IncomingSnapshot snapshot) {
            this.replica = replica;
            this.snapshot = snapshot;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotOffered(snapshot);
        }
    }

    /** A snapshot is here, whole. */
    public static final class Received extends Event {
        private final GroupReplica replica;
        private final IncomingSnapshot snapshot;

        public Received(GroupReplica replica, IncomingSnapshot snapshot) {
            this.replica = replica;
            this.snapshot = snapshot;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.snapshotReceived(snapshot);
        }

        @Override
        void refuse(GroupWorker worker) {
            worker.snapshots().over(snapshot, BulkMessage.Outcome.GIVEN_UP, "the node stops");
        }
    }

    /** The machine holds a snapshot, durably. */
    public static final class Installed extends Event {
        private final GroupReplica replica;
        private final EntryId last;

        public Installed(GroupReplica replica, EntryId last) {
            this.replica = replica;
            this.last = last;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.installed(last);
        }
    }
}
