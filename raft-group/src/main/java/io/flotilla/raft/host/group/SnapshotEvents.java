package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.snapshot.IncomingImage;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transport.BulkMessage;

/** The kinds of events that move a log's base and carry images. */
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

    /** The machine gave an image for a follower. */
    public static final class ImageTaken extends Event {
        private final GroupReplica replica;
        private final NodeId to;
        private final SnapshotSource source;

        public ImageTaken(GroupReplica replica, NodeId to, SnapshotSource source) {
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
            replica.imageSent(to, last);
        }
    }

    /** Another replica offers an image. */
    public static final class Offered extends Event {
        private final GroupReplica replica;
        private final IncomingImage image;

        public Offered(GroupReplica replica, IncomingImage image) {
            this.replica = replica;
            this.image = image;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.imageOffered(image);
        }
    }

    /** An image is here, whole. */
    public static final class Received extends Event {
        private final GroupReplica replica;
        private final IncomingImage image;

        public Received(GroupReplica replica, IncomingImage image) {
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
