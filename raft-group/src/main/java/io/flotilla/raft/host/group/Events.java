package io.flotilla.raft.host.group;

import io.flotilla.raft.core.Command;
import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The kinds of events. */
public final class Events {
    private Events() {}

    /** A proposal; later its place in the log. After the hand-over to the worker it belongs to that. */
    public static final class Proposal extends Event implements Command {
        final GroupReplica replica;
        public final ProposalCallback callback;
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
        void handle(GroupWorker worker) {
            replica.offer(this);
        }

        @Override
        void refuse(GroupWorker worker) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
        }

        @Override
        int weight() {
            return 1;
        }

        @Override
        long bytes() {
            return payload.length;
        }
    }

    /** A read. */
    public static final class Read extends Event {
        final GroupReplica replica;
        final ReadCallback callback;
        final ReadAt at;

        public Read(GroupReplica replica, ReadCallback callback, ReadAt at) {
            this.replica = replica;
            this.callback = callback;
            this.at = at;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.offer(this);
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

    /** A wish that another replica should lead. */
    public static final class Transfer extends Event {
        private final GroupReplica replica;
        private final NodeId target;
        private final TransferCallback callback;

        public Transfer(GroupReplica replica, NodeId target, TransferCallback callback) {
            this.replica = replica;
            this.target = target;
            this.callback = callback;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.transfer(target, callback);
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

    /** Messages of one node for groups of one worker. */
    public static final class Incoming extends Event {
        private final NodeId from;
        private final List<GroupMessage> messages;
        private final long bytes;

        public Incoming(NodeId from, List<GroupMessage> messages) {
            this.from = from;
            this.messages = messages;
            long sum = 0;
            for (int i = 0; i < messages.size(); i++) {
                if (messages.get(i).message() instanceof Message.AppendRequest append) {
                    List<Entry> entries = append.entries();
                    for (int j = 0; j < entries.size(); j++) {
                        sum += entries.get(j).bytes();
                    }
                }
            }
            this.bytes = sum;
        }

        @Override
        void handle(GroupWorker worker) {
            long nanos = worker.state().nanos();
            for (int i = 0; i < messages.size(); i++) {
                worker.receive(from, messages.get(i), nanos);
            }
        }

        @Override
        int weight() {
            return messages.size();
        }

        @Override
        long bytes() {
            return bytes;
        }
    }

    /** Batches of one worker's groups are durable. Filled by the log writer, then handed over. */
    public static final class Persisted extends Event {
        private GroupReplica[] replicas = new GroupReplica[16];
        private long[] sequences = new long[16];
        private int count;
        private final List<Long> groups = new ArrayList<>();
        private final List<List<Outbound>> messages = new ArrayList<>();

        /** Messages that waited for it, if the worker is to send them. */
        public void add(long groupId, List<Outbound> released) {
            if (!released.isEmpty()) {
                groups.add(groupId);
                messages.add(released);
            }
        }

        /** In the order of the replica's batches; the last one speaks for those before it. */
        public void add(GroupReplica replica, long sequence) {
            if (count > 0 && replicas[count - 1] == replica) {
                sequences[count - 1] = sequence;
                return;
            }
            if (count == replicas.length) {
                replicas = Arrays.copyOf(replicas, 2 * count);
                sequences = Arrays.copyOf(sequences, 2 * count);
            }
            replicas[count] = replica;
            sequences[count] = sequence;
            count++;
        }

        @Override
        void handle(GroupWorker worker) {
            for (int i = 0; i < count; i++) {
                replicas[i].persisted(sequences[i]);
            }
            for (int i = 0; i < messages.size(); i++) {
                worker.outbox().add(groups.get(i), messages.get(i));
            }
        }
    }

    /** The machine has applied. */
    public static final class Applied extends Event {
        private final GroupReplica replica;
        private final long index;

        public Applied(GroupReplica replica, long index) {
            this.replica = replica;
            this.index = index;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.applied(index);
        }
    }

    /** Entries read from the log. */
    public static final class Loaded extends Event {
        private final GroupReplica replica;
        private final LoadRequest request;
        private final List<Entry> entries;

        public Loaded(GroupReplica replica, LoadRequest request, List<Entry> entries) {
            this.replica = replica;
            this.request = request;
            this.entries = entries;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.loaded(request, entries);
        }
    }

    /** The machine is open: the core may start. */
    public static final class Opened extends Event {
        private final GroupReplica replica;
        private final long applied;
        private final EntryId installed;

        public Opened(GroupReplica replica, long applied, EntryId installed) {
            this.replica = replica;
            this.applied = applied;
            this.installed = installed;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.start(applied, installed);
        }
    }

    /** The machine can't go on. */
    public static final class MachineFailed extends Event {
        private final GroupReplica replica;
        private final Throwable cause;

        public MachineFailed(GroupReplica replica, Throwable cause) {
            this.replica = replica;
            this.cause = cause;
        }

        @Override
        void handle(GroupWorker worker) {
            replica.halt(cause);
        }
    }
}
