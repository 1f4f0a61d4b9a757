package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;

/** The kinds of events that move a log's base and carry images. */
final class SnapshotEvents {
    private SnapshotEvents() {}

    /** The machine holds entries durably that the log store would like to be rid of. */
    static final class Trimmable extends Event {
        private final Replica replica;
        private final long upTo;
        private final boolean overfull;

        Trimmable(Replica replica, long upTo, boolean overfull) {
            this.replica = replica;
            this.upTo = upTo;
            this.overfull = overfull;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.compact(upTo, overfull);
        }
    }

    /** The machine gave an image for a follower. */
    static final class ImageTaken extends Event {
        private final Replica replica;
        private final NodeId to;
        private final SnapshotSource source;

        ImageTaken(Replica replica, NodeId to, SnapshotSource source) {
            this.replica = replica;
            this.to = to;
            this.source = source;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.imageTaken(to, source);
        }

        @Override
        void refuse(GroupWorker worker) {
            worker.snapshots().notTaken(replica, to, source);
        }
    }

    /** What became of an image for a follower. @param last what the follower holds by now, or null if it failed */
    static final class Sent extends Event {
        private final Replica replica;
        private final NodeId to;
        private final EntryId last;

        Sent(Replica replica, NodeId to, EntryId last) {
            this.replica = replica;
            this.to = to;
            this.last = last;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.imageSent(to, last);
        }
    }

    /** Another replica offers an image. */
    static final class Offered extends Event {
        private final Replica replica;
        private final IncomingImage image;

        Offered(Replica replica, IncomingImage image) {
            this.replica = replica;
            this.image = image;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.imageOffered(image);
        }
    }

    /** An image is here, whole. */
    static final class Received extends Event {
        private final Replica replica;
        private final IncomingImage image;

        Received(Replica replica, IncomingImage image) {
            this.replica = replica;
            this.image = image;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.imageReceived(image);
        }

        @Override
        void refuse(GroupWorker worker) {
            worker.snapshots().over(image, BulkMessage.Outcome.REFUSED, "the node stops");
        }
    }

    /** The machine holds an image, durably. */
    static final class Installed extends Event {
        private final Replica replica;
        private final EntryId last;

        Installed(Replica replica, EntryId last) {
            this.replica = replica;
            this.last = last;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.installed(last);
        }
    }
}
