package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transfer.TransferProvider;
import io.flotilla.raft.transfer.TransferSource;
import io.flotilla.raft.transport.TransferId;

/** A snapshot for one other replica of a group. Belongs to the snapshot lane. */
final class OutgoingSnapshot {
    enum Stage {
        /** Too many others are on their way. */
        WAITING,
        /** The other node is told to ask for it. */
        OFFERED,
        /** It asked, and the machine is asked for the snapshot. */
        TAKING,
        /** It is being read. */
        OPEN,
        /** Nobody asks for it for a while; it stays for some time. */
        RESTING,
        /** It failed; the core hears of it in a moment. */
        FAILED
    }

    final GroupReplicaKey key;
    final SnapshotOwner owner;
    final TransferId id;

    Stage stage = Stage.WAITING;
    /** The core waits for word of it. */
    boolean isAwaited;
    /** A machine was asked to make it last: there may be something under its name. */
    boolean isNamed;
    /** Null before it is taken. */
    SnapshotSource content;
    /** The first part; null if the snapshot was opened again after a restart, when whoever asks holds that part. */
    byte[] head;

    long lastIndex;
    TransferProvider.Opening opening;
    long changedAt;
    long offeredAt;
    /** When the other node asked last. */
    long heardAt;
    /** When the worker heard last that it asks. */
    long askedAt;

    /** Whom a snapshot is for. */
    record GroupReplicaKey(long groupId, NodeId node) implements Comparable<GroupReplicaKey> {
        @Override
        public int compareTo(GroupReplicaKey other) {
            int byGroup = Long.compare(groupId, other.groupId);
            return byGroup != 0 ? byGroup : node.compareTo(other.node);
        }
    }

    OutgoingSnapshot(SnapshotOwner owner, NodeId to, TransferId id) {
        this.key = new GroupReplicaKey(owner.groupId(), to);
        this.owner = owner;
        this.id = id;
    }

    /** Its name where it lasts. */
    String name() {
        return id.toString();
    }

    /** The head, then the content. What closes it leaves the content open. */
    TransferSource source() {
        return new TransferSource() {
            private boolean atHead;

            @Override
            public void seek(byte[] position) {
                if (position.length == 0 && head == null) {
                    throw new IllegalArgumentException("the beginning of the snapshot is not here any more");
                }
                atHead = position.length == 0;
                content.seek(position.length == 0 ? position : tail(position));
            }

            @Override
            public Chunk next(int maxBytes) {
                if (atHead) {
                    atHead = false;
                    return new Chunk(head, new byte[1]);
                }
                Chunk chunk = content.next(maxBytes);
                return chunk == null ? null : new Chunk(chunk.bytes(), prefixed(chunk.after()));
            }

            @Override
            public void close() {}
        };
    }

    private static byte[] tail(byte[] position) {
        byte[] inner = new byte[position.length - 1];
        System.arraycopy(position, 1, inner, 0, inner.length);
        return inner;
    }

    private static byte[] prefixed(byte[] position) {
        byte[] outer = new byte[position.length + 1];
        System.arraycopy(position, 0, outer, 1, position.length);
        return outer;
    }
}
