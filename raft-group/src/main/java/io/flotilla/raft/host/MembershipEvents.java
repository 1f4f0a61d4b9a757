package io.flotilla.raft.host;

import io.flotilla.raft.core.membership.MembershipChange;

/** The kinds of events that concern who has a replica. */
final class MembershipEvents {
    private MembershipEvents() {}

    /** Somebody wants another membership. */
    static final class Change extends Event {
        private final Replica replica;
        private final MembershipChange change;
        private final MembershipCallback callback;

        Change(Replica replica, MembershipChange change, MembershipCallback callback) {
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
    static final class Progress extends Event {
        private final Replica replica;
        private final ProgressCallback callback;

        Progress(Replica replica, ProgressCallback callback) {
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
    static final class Retire extends Event {
        private final Replica replica;
        private final long removedAt;
        private final RetireCallback callback;

        Retire(Replica replica, long removedAt, RetireCallback callback) {
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
    static final class Dropped extends Event {
        private final Replica replica;

        Dropped(Replica replica) {
            this.replica = replica;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.retirement().dropped();
        }
    }
}
