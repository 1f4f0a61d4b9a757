package io.flotilla.kv.service;

import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.ShardGauge;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;

/** The reads of one frame for one group: one round through the group for all of them. */
final class GroupReads implements ReadCallback {
    /** Answers to the reads of one frame and group stop here: a small frame could ask for any amount of memory. */
    private static final long MAX_READ_BYTES = 8L << 20;

    /** So many keys take no long time, even if each must be fetched from a disk. */
    private static final int FEW_READS = 16;

    private final long group;
    private final Door door;
    private final Answers out;
    private final List<Request> requests = new ArrayList<>();

    GroupReads(long group, Door door, Answers out) {
        this.group = group;
        this.door = door;
        this.out = out;
    }

    void add(Request request) {
        requests.add(request);
    }

    @Override
    public Runnable read(StateMachine machine) {
        List<Response> responses = new ArrayList<>(requests.size());
        try {
            KvStateMachine state = machine.as(KvStateMachine.class);
            PublishedGroup published = door.replicas().published(group);
            long bytes = 0;
            for (int i = 0; i < requests.size(); i++) {
                Request request = requests.get(i);
                Response.Builder builder = Response.newBuilder().setId(request.getId());
                if (bytes < MAX_READ_BYTES && out.hasRoom()) {
                    state.read(request.getRead(), builder);
                } else {
                    builder.setRefusal(door.refusals().busy(group));
                }
                long shard = request.getRead().getShard().getId();
                ShardGauge gauge = published == null ? null : published.gauge(shard);
                if (gauge != null) {
                    gauge.countReads(1);
                }
                if (builder.hasRefusal()) {
                    builder.setRefusal(door.refusals()
                            .ofMachine(
                                    builder.getRefusal(),
                                    shard,
                                    KvStateMachine.firstKey(request.getRead()),
                                    published));
                }
                Response response = builder.build();
                bytes += response.getSerializedSize();
                responses.add(response);
            }
        } catch (RuntimeException | Error e) {
            // a machine that threw can't go on; the host hears of it, and nobody waits in vain
            requests.forEach(
                    request -> Door.refuse(request.getId(), door.refusals().failed(group), out));
            throw e;
        }
        return () -> responses.forEach(out::gather);
    }

    /** A scan reads much, and has what is kept back written back first. */
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
        Refusal answer = door.refusals().of(group, refusal);
        requests.forEach(request -> Door.refuse(request.getId(), answer, out));
    }
}
