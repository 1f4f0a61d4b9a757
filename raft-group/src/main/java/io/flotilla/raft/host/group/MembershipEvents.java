package io.flotilla.raft.host.group;

import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.host.shared.HostState;

/** The kinds of events that concern who has a replica. */
public final class MembershipEvents {
    private MembershipEvents() {}

    /** Somebody wants another membership. */
    public static final class Change extends Event {
        private final GroupReplica replica;
        private final MembershipChange change;
        private final MembershipCallback callback;

        public Change(GroupReplica replica, MembershipChange change, MembershipCallback callback) {
            this.replica = replica;
            this.change = change;
            this.callback = callback;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.changeMembership(change, callback);
        }

        @Override
        void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }

        @Override
        int weight() {
            return 1;
        }
    }

    /** Somebody wants to know how far the replicas are. */
    public static final class Progress extends Event {
        private final GroupReplica replica;
        private final ProgressCallback callback;

        public Progress(GroupReplica replica, ProgressCallback callback) {
            this.replica = replica;
            this.callback = callback;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.progress(callback);
        }

        @Override
        void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }

        @Override
        int weight() {
            return 1;
        }
    }

    /** The owner says that this node has no replica any more. */
    public static final class Retire extends Event {
        private final GroupReplica replica;
        private final long removedAt;
        private final RetireCallback callback;

        public Retire(GroupReplica replica, long removedAt, RetireCallback callback) {
            this.replica = replica;
            this.removedAt = removedAt;
            this.callback = callback;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.retire(removedAt, callback);
        }

        @Override
        void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }

        @Override
        int weight() {
            return 1;
        }
    }

    /** The data of a replica that was dropped is gone. */
    public static final class Dropped extends Event {
        private final GroupReplica replica;

        public Dropped(GroupReplica replica) {
            this.replica = replica;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.retirement().dropped();
        }
    }
}
