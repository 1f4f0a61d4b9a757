package io.flotilla.kv.machine;

import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.Value;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import java.util.ArrayList;
import java.util.List;

/** A group's log and one replica that applies it, for tests. */
final class Replica {
    static final GroupDescriptor GROUP = new GroupDescriptor(
            Writes.GROUP,
            Membership.of(new NodeId("n1")),
            KvGenesis.newBuilder()
                    .addShards(Writes.low())
                    .addShards(Writes.high())
                    .build()
                    .toByteArray());

    final List<Entry> log = new ArrayList<>();
    private final SessionLimits limits;
    KvEngine engine;
    KvStateMachine machine;
    long clock = Writes.NOW;

    Replica(KvEngine engine) {
        this(engine, SessionLimits.DEFAULT);
    }

    Replica(KvEngine engine, SessionLimits limits) {
        this.limits = limits;
        restart(engine);
    }

    /** Opens the replica on what is left, and applies the log from there. */
    void restart(KvEngine remains) {
        engine = remains;
        machine = (KvStateMachine) new KvMachines(engine, limits).open(GROUP);
        int from = (int) machine.appliedIndex();
        if (from < log.size()) {
            machine.apply(log.subList(from, log.size()));
        }
    }

    Entry entry(WriteRequest... writes) {
        KvCommand command = KvCommand.newBuilder()
                .setLeaderMillis(clock)
                .addAllWrites(List.of(writes))
                .build();
        Entry entry = new Entry(1, log.size() + 1, EntryKind.COMMAND, command.toByteArray());
        log.add(entry);
        return entry;
    }

    /** Applies one entry with these writes, and writes it to the engine. */
    List<WriteOutcome> apply(WriteRequest... writes) {
        List<WriteOutcome> outcomes =
                outcomes(machine.apply(List.of(entry(writes))).get(0));
        machine.writeOut();
        return outcomes;
    }

    static List<WriteOutcome> outcomes(Object result) {
        List<WriteOutcome> outcomes = new ArrayList<>();
        for (Object outcome : (List<?>) result) {
            outcomes.add((WriteOutcome) outcome);
        }
        return outcomes;
    }

    WriteReply reply(WriteRequest write) {
        WriteOutcome outcome = apply(write).get(0);
        if (outcome.reply() == null) {
            throw new AssertionError("refused: " + outcome.refusal());
        }
        return outcome.reply();
    }

    Refusal refusal(WriteRequest write) {
        WriteOutcome outcome = apply(write).get(0);
        if (outcome.refusal() == null) {
            throw new AssertionError("done: " + outcome.reply());
        }
        return outcome.refusal();
    }

    Response read(ReadRequest.Builder read) {
        Response.Builder response = Response.newBuilder();
        machine.read(read.build(), response);
        return response.build();
    }

    Value get(String key) {
        Shard shard = key.compareTo("m") < 0 ? Writes.low() : Writes.high();
        Response response = read(ReadRequest.newBuilder()
                .setShard(Writes.ref(shard))
                .setGet(Get.newBuilder().setKey(Writes.bytes(key))));
        return response.getRead().getGet();
    }

    /** The value as text; null if absent. */
    String text(String key) {
        Value value = get(key);
        return value.getFound() ? value.getValue().toStringUtf8() : null;
    }

    ScanResult scan(Shard shard, Scan.Builder scan) {
        return read(ReadRequest.newBuilder().setShard(Writes.ref(shard)).setScan(scan))
                .getRead()
                .getScan();
    }
}
