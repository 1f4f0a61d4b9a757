package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
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
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
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
    final TestClock time = new TestClock();
    /** The time in the next entry. */
    long clock = Writes.NOW;

    Replica(KvEngine engine) {
        this(engine, SessionLimits.DEFAULT);
    }

    Replica(KvEngine engine, SessionLimits limits) {
        this.limits = limits;
        restart(engine);
    }

    /** Over machines that somebody else keeps. */
    Replica(KvEngine engine, KvMachines machines) {
        this.limits = SessionLimits.DEFAULT;
        this.engine = engine;
        machine = (KvStateMachine) machines.open(GROUP);
        for (long index = 1; index <= machine.appliedIndex(); index++) {
            log.add(Entry.noOp(1, index));
        }
    }

    /** Opens the replica on what is left, and applies the log from there. */
    void restart(KvEngine remains) {
        engine = remains;
        machine = (KvStateMachine) new KvMachines(engine, time, limits).open(GROUP);
        int from = (int) machine.appliedIndex();
        if (from < log.size()) {
            machine.apply(log.subList(from, log.size()));
        }
    }

    Entry entry(WriteRequest... writes) {
        WriteCommand.Builder command = WriteCommand.newBuilder();
        ShardWrites.Builder open = null;
        for (WriteRequest write : writes) {
            if (open == null || open.getShard() != write.getShard().getId()) {
                open = command.addShardsBuilder()
                        .setShard(write.getShard().getId())
                        .setTimeMillis(clock);
            }
            open.addWrites(write);
        }
        return entry(KvCommand.newBuilder().setWrites(command).build());
    }

    Entry entry(KvCommand command) {
        Entry entry = new Entry(1, log.size() + 1, EntryKind.COMMAND, command.toByteArray());
        log.add(entry);
        return entry;
    }

    /** Says goodbye for a session of the low shard. */
    CommandOutcome goodbye(long session) {
        Entry entry = entry(KvCommand.newBuilder()
                .setGoodbyes(GoodbyeCommand.newBuilder()
                        .addShards(ShardGoodbyes.newBuilder()
                                .setShard(Writes.low().getId())
                                .setTimeMillis(clock)
                                .addGoodbyes(Writes.goodbye(session))))
                .build());
        Object result = machine.apply(List.of(entry)).get(0);
        machine.writeBack();
        return (CommandOutcome) ((List<?>) result).get(0);
    }

    long changeNumber(Shard shard) {
        try {
            return ShardRow.parseFrom(engine.get(Layout.shardKey(Writes.GROUP, shard.getId())))
                    .getChangeNumber();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    /** Applies one entry with these writes, and writes it to the engine. */
    List<WriteOutcome> apply(WriteRequest... writes) {
        List<WriteOutcome> outcomes =
                outcomes(machine.apply(List.of(entry(writes))).get(0));
        machine.writeBack();
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
