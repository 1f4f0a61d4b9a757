package io.flotilla.kv.service;

import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.Rules;
import io.flotilla.kv.machine.WriteOutcome;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The door of the key-value service on one node: takes the reads and writes of a client's frame, puts what belongs to
 * one group together, and answers each request. Thread-safe and without state of its own; never blocks.
 */
public final class KvService {
    /** Writes of one frame go into one log entry up to this; a larger write travels alone. */
    static final int MAX_ENTRY_BYTES = 1 << 20;

    /** Answers to the reads of one frame and group stop here: a small frame could ask for any amount of memory. */
    private static final long MAX_READ_BYTES = 8L << 20;

    /** So many keys take no long time, even if each must be fetched from a disk. */
    private static final int FEW_READS = 16;

    private final Replicas replicas;
    private final Clock clock;
    private final Refusals refusals;

    public KvService(RaftHost host, Clock clock, NodeDirectory directory) {
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
                },
                clock,
                directory);
    }

    /** The service on other replicas than a host's. */
    public KvService(Replicas replicas, Clock clock, NodeDirectory directory) {
        this.replicas = replicas;
        this.clock = clock;
        this.refusals = new Refusals(directory);
    }

    /**
     * Answers each request exactly once.
     *
     * @param requests the reads and writes of one frame; other requests are refused
     * @param out called on any lane, by several at a time
     */
    public void handle(List<Request> requests, Answers out) {
        Map<Long, GroupWrites> writes = new LinkedHashMap<>();
        Map<Long, GroupReads> reads = new LinkedHashMap<>();
        for (Request request : requests) {
            switch (request.getBodyCase()) {
                case WRITE:
                    String badWrite = Rules.check(request.getWrite());
                    if (badWrite != null) {
                        refuse(request.getId(), refusals.invalid(badWrite), out);
                    } else {
                        addWrite(writes, request, out);
                    }
                    break;
                case READ:
                    String badRead = Rules.check(request.getRead());
                    if (badRead != null) {
                        refuse(request.getId(), refusals.invalid(badRead), out);
                    } else {
                        long group = request.getRead().getShard().getGroup();
                        reads.computeIfAbsent(group, id -> new GroupReads(id, out))
                                .requests
                                .add(request);
                    }
                    break;
                default:
                    refuse(request.getId(), refusals.invalid("the key-value service takes reads and writes only"), out);
            }
        }
        writes.values().forEach(GroupWrites::propose);
        reads.forEach(replicas::read);
    }

    private void addWrite(Map<Long, GroupWrites> writes, Request request, Answers out) {
        long group = request.getWrite().getShard().getGroup();
        int bytes = request.getWrite().getSerializedSize();
        GroupWrites open = writes.get(group);
        if (open != null && open.bytes + bytes > MAX_ENTRY_BYTES) {
            open.propose();
            open = null;
        }
        if (open == null) {
            open = new GroupWrites(group, out);
            writes.put(group, open);
        }
        open.add(request.getId(), request.getWrite(), bytes);
    }

    private static void refuse(long id, Refusal refusal, Answers out) {
        out.accept(Response.newBuilder().setId(id).setRefusal(refusal).build());
    }

    /** The writes of one entry. */
    private final class GroupWrites implements ProposalCallback {
        private final long group;
        private final Answers out;
        private final List<Long> ids = new ArrayList<>();
        private final KvCommand.Builder command = KvCommand.newBuilder();
        private long bytes;

        GroupWrites(long group, Answers out) {
            this.group = group;
            this.out = out;
        }

        void add(long id, WriteRequest write, int size) {
            ids.add(id);
            command.addWrites(write);
            bytes += size;
        }

        void propose() {
            byte[] payload = command.setLeaderMillis(clock.wallMillis()).build().toByteArray();
            command.clear();
            replicas.propose(group, payload, this);
        }

        @Override
        public void applied(long index, Object result) {
            List<?> outcomes = (List<?>) result;
            for (int i = 0; i < ids.size(); i++) {
                WriteOutcome outcome = (WriteOutcome) outcomes.get(i);
                Response.Builder response = Response.newBuilder().setId(ids.get(i));
                if (outcome.refusal() == null) {
                    response.setWrite(outcome.reply());
                } else {
                    response.setRefusal(refusals.ofMachine(outcome.refusal()));
                }
                out.gather(response.build());
            }
        }

        @Override
        public void refused(io.flotilla.raft.host.Refusal refusal) {
            Refusal answer = refusals.of(group, refusal);
            ids.forEach(id -> refuse(id, answer, out));
        }
    }

    /** The reads of one frame for one group: one round through the group for all of them. */
    private final class GroupReads implements ReadCallback {
        private final long group;
        private final Answers out;
        private final List<Request> requests = new ArrayList<>();

        GroupReads(long group, Answers out) {
            this.group = group;
            this.out = out;
        }

        @Override
        public Runnable read(StateMachine machine) {
            List<Response> responses = new ArrayList<>(requests.size());
            try {
                KvStateMachine state = machine.as(KvStateMachine.class);
                long bytes = 0;
                for (int i = 0; i < requests.size(); i++) {
                    Request request = requests.get(i);
                    Response.Builder builder = Response.newBuilder().setId(request.getId());
                    if (bytes < MAX_READ_BYTES && out.hasRoom()) {
                        state.read(request.getRead(), builder);
                    } else {
                        builder.setRefusal(refusals.busy(group));
                    }
                    if (builder.hasRefusal()) {
                        builder.setRefusal(refusals.ofMachine(builder.getRefusal()));
                    }
                    Response response = builder.build();
                    bytes += response.getSerializedSize();
                    responses.add(response);
                }
            } catch (RuntimeException | Error e) {
                // a machine that threw can't go on; the host hears of it, and nobody waits in vain
                requests.forEach(request -> refuse(request.getId(), refusals.failed(group), out));
                throw e;
            }
            return () -> responses.forEach(out::gather);
        }

        /** A scan reads much, and has what is kept back written out first. */
        @Override
        public boolean isLong() {
            int keys = 0;
            for (int i = 0; i < requests.size() && keys <= FEW_READS; i++) {
                ReadRequest read = requests.get(i).getRead();
                if (read.hasScan()) {
                    return true;
                }
                keys += Math.max(1, read.getMultiGet().getKeysCount());
            }
            return keys > FEW_READS;
        }

        @Override
        public void refused(io.flotilla.raft.host.Refusal refusal) {
            Refusal answer = refusals.of(group, refusal);
            requests.forEach(request -> refuse(request.getId(), answer, out));
        }
    }
}
