package io.flotilla.kv.service;

import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.RequestFields;
import io.flotilla.kv.machine.Rules;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The door of the key-value service on one node: takes the reads, writes and goodbyes of a client's frame, puts what belongs
 * to one group together, and answers each request. What it does not understand in full it refuses: nothing of that comes into a
 * log, where it would stop the replicas. What comes a moment before its shard does waits for it here. Thread-safe; never blocks.
 */
public final class KvService {
    /** Writes of one frame go into one log entry up to this; a larger write travels alone. */
    static final int MAX_ENTRY_BYTES = 1 << 20;

    private final Door door;
    private final EarlyRequests early;
    private final OutrunShards outrun;

    /** @param lane where requests wait whose shard is on its way here */
    public KvService(RaftHost host, KvMachines machines, Clock clock, NodeDirectory directory, Lane lane) {
        this(
                new Replicas() {
                    @Override
                    public void propose(long groupId, byte[] payload, ProposalCallback callback) {
                        host.propose(groupId, payload, callback);
                    }

                    @Override
                    public void read(long groupId, ReadCallback callback) {
                        host.read(groupId, callback);
                    }

                    @Override
                    public void transferLeadership(long groupId, NodeId target, TransferCallback callback) {
                        host.transferLeadership(groupId, target, callback);
                    }

                    @Override
                    public PublishedGroup published(long groupId) {
                        return machines.published(groupId);
                    }
                },
                clock,
                directory,
                lane);
    }

    /** The service on other replicas than a host's. */
    public KvService(Replicas replicas, Clock clock, NodeDirectory directory, Lane lane) {
        outrun = new OutrunShards(clock);
        door = new Door(replicas, clock, directory, new Refusals(directory));
        early = new EarlyRequests(door, lane, (requests, out) -> handle(requests, out, false));
    }

    /** What the requests of one frame become. */
    private final class RequestFrame {
        private final Answers out;
        private final Map<Long, GroupWrites> writes = new LinkedHashMap<>();
        private final Map<Long, GroupGoodbyes> goodbyes = new LinkedHashMap<>();
        private final Map<Long, GroupReads> reads = new LinkedHashMap<>();
        /** Whether requests may be told to wait for their shards. */
        private final boolean mayWait;
        /** The shard of the request before, and whether it is on its way here. */
        private ShardRef last;

        private boolean isLastEarly;

        RequestFrame(Answers out, boolean mayWait) {
            this.out = out;
            this.mayWait = mayWait;
        }

        /** @return why the request is refused, or null */
        String take(Request request) {
            String unknown = RequestFields.own(request);
            if (unknown != null) {
                return notKnown(unknown);
            }
            switch (request.getBodyCase()) {
                case WRITE:
                    return write(request, request.getWrite());
                case GOODBYE:
                    return goodbye(request, request.getGoodbye());
                case READ:
                    return read(request, request.getRead());
                default:
                    return "the key-value service takes reads, writes and goodbyes only";
            }
        }

        private String write(Request request, WriteRequest write) {
            String wrong = RequestFields.in(write);
            wrong = wrong != null ? notKnown(wrong) : Rules.check(write);
            if (wrong != null || waits(request, write.getShard())) {
                return wrong;
            }
            if (outrun.refusesNext(write.getShard().getId())) {
                Door.refuse(request.getId(), door.refusals().outrun(write.getShard()), out);
                return null;
            }
            long group = write.getShard().getGroup();
            int bytes = write.getSerializedSize();
            GroupWrites open = writes.get(group);
            if (open != null && open.bytes() + bytes > MAX_ENTRY_BYTES) {
                open.propose();
                open = null;
            }
            if (open == null) {
                open = new GroupWrites(group, door, out);
                writes.put(group, open);
            }
            if (!open.add(request, bytes)) {
                Door.refuse(request.getId(), door.refusals().noRoom(), out);
            }
            return null;
        }

        private String goodbye(Request request, GoodbyeRequest goodbye) {
            String wrong = RequestFields.in(goodbye);
            wrong = wrong != null ? notKnown(wrong) : Rules.check(goodbye);
            if (wrong == null && !waits(request, goodbye.getShard())) {
                goodbyes.computeIfAbsent(goodbye.getShard().getGroup(), id -> new GroupGoodbyes(id, door, out))
                        .add(request);
            }
            return wrong;
        }

        private String read(Request request, ReadRequest read) {
            String wrong = RequestFields.in(read);
            wrong = wrong != null ? notKnown(wrong) : Rules.check(read);
            if (wrong == null && !waits(request, read.getShard())) {
                reads.computeIfAbsent(read.getShard().getGroup(), id -> new GroupReads(id, door, out))
                        .add(request);
            }
            return wrong;
        }

        /** Whether it waits for its shard from now on. */
        private boolean waits(Request request, ShardRef shard) {
            if (!mayWait) {
                return false;
            }
            if (last == null || !isSame(last, shard)) {
                last = shard;
                isLastEarly = early.isEarly(shard);
            }
            if (isLastEarly) {
                early.enter(request, shard, out);
            }
            return isLastEarly;
        }

        void end() {
            writes.values().forEach(GroupCommand::propose);
            goodbyes.values().forEach(GroupCommand::propose);
            reads.forEach(door.replicas()::read);
        }
    }

    private static boolean isSame(ShardRef one, ShardRef other) {
        return one.getId() == other.getId() && one.getEpoch() == other.getEpoch() && one.getGroup() == other.getGroup();
    }

    private static String notKnown(String field) {
        return "the request has " + field + ", which this node does not know: use a client of the fleet's version";
    }

    /**
     * Answers each request exactly once.
     *
     * @param requests the reads, writes and goodbyes of one frame; other requests are refused
     * @param out called on any lane, by several at a time
     */
    public void handle(List<Request> requests, Answers out) {
        handle(requests, out, true);
    }

    /** Shards of groups here whose writes are held back, for they move. */
    public OutrunShards outrun() {
        return outrun;
    }

    /**
     * Fixes an index of the group by an entry. Answers once.
     *
     * @param request a {@code StateMarkRequest}
     * @param out called on any lane
     */
    public void mark(Request request, Consumer<Response> out) {
        new GroupMark(request.getId(), request.getStateMark().getGroup(), door, out).propose();
    }

    /**
     * Lets another replica of the group lead. Answers once.
     *
     * @param request a {@code TransferLeaderRequest}
     * @param out called on any lane
     */
    public void transferLeadership(Request request, Consumer<Response> out) {
        new LeaderTransferCall(request, door, out).begin();
    }

    /** Adds what is taken of its bounds just now. Any thread. */
    public void held(Held held) {
        early.held(held);
    }

    private void handle(List<Request> requests, Answers out, boolean mayWait) {
        RequestFrame frame = new RequestFrame(out, mayWait);
        for (Request request : requests) {
            String wrong = frame.take(request);
            if (wrong != null) {
                Refusal invalid = door.refusals().invalid(wrong);
                Door.refuse(request.getId(), invalid, out);
            }
        }
        frame.end();
    }
}
