package io.flotilla.kv.service;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.machine.CommandOutcome;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.ShardGauge;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.host.ProposalCallback;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests of one kind and one frame on their way into one log entry of a group, by shard. Filled and proposed by one
 * thread; answered by whom the host calls.
 *
 * @param <T> what is gathered of the requests of one shard
 */
abstract class GroupCommand<T> implements ProposalCallback {
    /** The requests of one shard. */
    final class OfShard {
        final long shard;
        /** Null if the group's replica here does not serve it. */
        final ShardGauge gauge;

        final T requests;
        private final List<Long> ids = new ArrayList<>();

        OfShard(long shard, ShardGauge gauge, T requests) {
            this.shard = shard;
            this.gauge = gauge;
            this.requests = requests;
        }
    }

    private final CommandKind kind;
    private final long group;
    private final Door door;
    private final Answers out;
    /** Null if there is no replica here. */
    private final PublishedGroup published;

    private final Map<Long, OfShard> shards = new LinkedHashMap<>();
    private OfShard last;
    /** In the order of the outcomes. */
    private List<Long> ids;

    GroupCommand(CommandKind kind, long group, Door door, Answers out) {
        this.kind = kind;
        this.group = group;
        this.door = door;
        this.out = out;
        this.published = door.replicas().published(group);
    }

    /** What is to be gathered for a further shard. */
    abstract T begin();

    /** The payload of the entry; what was gathered is not used again. */
    abstract KvCommand end(Iterable<OfShard> shards);

    /** The place for a request to this shard. Most of a frame's are for one. */
    final OfShard at(long shard) {
        if (last == null || last.shard != shard) {
            last = shards.computeIfAbsent(
                    shard, id -> new OfShard(id, published == null ? null : published.gauge(id), begin()));
        }
        return last;
    }

    /** The request with this id was gathered there. */
    final void added(OfShard place, long id) {
        place.ids.add(id);
    }

    /** The time that an entry gives a shard. */
    final long time(OfShard place) {
        return place.gauge == null ? door.clock().wallMillis() : place.gauge.logTime();
    }

    final void propose() {
        ids = new ArrayList<>();
        for (OfShard each : shards.values()) {
            ids.addAll(each.ids);
        }
        if (ids.isEmpty()) {
            return;
        }
        if (door.directory().featureLevel() < kind.featureLevel()) {
            Refusal tooEarly = door.refusals().tooEarly(kind, door.directory().featureLevel());
            ids.forEach(id -> Door.refuse(id, tooEarly, out));
            return;
        }
        byte[] payload = end(shards.values()).toByteArray();
        shards.clear();
        last = null;
        door.replicas().propose(group, payload, this);
    }

    @Override
    public void applied(long index, Object result) {
        List<?> outcomes = (List<?>) result;
        for (int i = 0; i < ids.size(); i++) {
            CommandOutcome outcome = (CommandOutcome) outcomes.get(i);
            Response.Builder response = Response.newBuilder().setId(ids.get(i));
            if (outcome.refusal() == null) {
                (out.hasRoom() ? outcome : outcome.withoutPresent()).answer(response);
            } else {
                response.setRefusal(door.refusals()
                        .ofMachine(
                                outcome.refusal(),
                                outcome.staleShard(),
                                outcome.staleKey(),
                                door.replicas().published(group)));
            }
            out.gather(response.build());
        }
    }

    @Override
    public void refused(io.flotilla.raft.host.Refusal refusal) {
        Refusal answer = door.refusals().of(group, refusal);
        ids.forEach(id -> Door.refuse(id, answer, out));
    }
}
