package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.DropCommand;
import io.flotilla.kv.proto.FreezeCommand;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.MarkCommand;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import java.util.ArrayList;
import java.util.List;

/** One replica of a group whose shards come and go, and the group's log, which others may share; for tests. */
public final class MovingGroup {
    static final long INDEX_ROWS = 1_000;

    final long group;
    final GroupDescriptor descriptor;
    final List<Entry> log;
    final TestClock time = new TestClock();
    KvEngine engine;
    KvMachines machines;
    KvStateMachine machine;
    /** The time in the next entry. */
    long clock = Writes.NOW;

    /** @param shards that the group has from the beginning */
    MovingGroup(long group, KvEngine engine, Shard... shards) {
        this(group, engine, null, new ArrayList<>(), List.of(shards));
    }

    /** @param machines of the engine, or null */
    MovingGroup(long group, KvEngine engine, KvMachines machines, List<Entry> log, List<Shard> shards) {
        this.group = group;
        this.log = log;
        KvGenesis.Builder genesis = KvGenesis.newBuilder();
        for (Shard shard : shards) {
            genesis.addShards(shard.toBuilder().setGroup(group));
        }
        descriptor = new GroupDescriptor(
                group, Membership.of(new NodeId("n1")), genesis.build().toByteArray());
        this.engine = engine;
        this.machines = machines != null ? machines : new KvMachines(engine, time);
        machine = (KvStateMachine) this.machines.open(descriptor);
    }

    /** Opens the replica on what is left; it has to {@link #catchUp}. */
    void restart(KvEngine left) {
        engine = left;
        machines = new KvMachines(engine, time);
        machine = (KvStateMachine) machines.open(descriptor);
    }

    /** Applies what the log has more. @return the result of the last entry */
    Object catchUp() {
        return catchUp(log.size());
    }

    Object catchUp(int to) {
        Object last = null;
        while (machine.appliedIndex() < to) {
            last = machine.apply(List.of(log.get((int) machine.appliedIndex()))).get(0);
        }
        return last;
    }

    /** Appends only. */
    Entry append(KvCommand command) {
        Entry entry = new Entry(
                1, log.size() + 1, EntryKind.COMMAND, command.hasAdopt() ? Entry.GUARDED : 0, command.toByteArray());
        log.add(entry);
        return entry;
    }

    Object apply(KvCommand command) {
        append(command);
        return catchUp();
    }

    MoveOutcome move(KvCommand command) {
        return (MoveOutcome) apply(command);
    }

    public static KvCommand moveOut(Shard shard, long move, long target) {
        return moveOut(shard.getId(), move, shard.getEpoch(), target, INDEX_ROWS);
    }

    static KvCommand moveOut(long shard, long move, long epoch, long target, long rows) {
        return KvCommand.newBuilder()
                .setMoveOut(MoveOutCommand.newBuilder()
                        .setShard(shard)
                        .setMove(move)
                        .setEpoch(epoch)
                        .setTarget(target)
                        .setChangeIndexRows(rows))
                .build();
    }

    public static KvCommand freeze(long shard, long move, long term) {
        return KvCommand.newBuilder()
                .setFreeze(FreezeCommand.newBuilder()
                        .setShard(shard)
                        .setMove(move)
                        .setTargetTerm(term)
                        .setTargetLeader("n" + term))
                .build();
    }

    static KvCommand cancel(long shard, long move) {
        return KvCommand.newBuilder()
                .setCancel(CancelMoveCommand.newBuilder().setShard(shard).setMove(move))
                .build();
    }

    public static KvCommand drop(long shard, long move) {
        return KvCommand.newBuilder()
                .setDrop(DropCommand.newBuilder().setShard(shard).setMove(move))
                .build();
    }

    static KvCommand mark() {
        return KvCommand.newBuilder().setMark(MarkCommand.getDefaultInstance()).build();
    }

    /** What this group, where the shard is frozen, would have the other one adopt on top of a hold. */
    KvCommand adopt(long shard, long move, long holdChangeNumber) {
        MoveOutcome frozen = machine.moves().state(shard, move);
        ShardChanges changes = machine.moves().changesAfter(shard, move, holdChangeNumber, 0, Integer.MAX_VALUE);
        return KvCommand.newBuilder()
                .setAdopt(AdoptCommand.newBuilder()
                        .setShard(frozen.served().toBuilder()
                                .setGroup(machine.state()
                                        .guard()
                                        .find(shard)
                                        .move()
                                        .getTarget())
                                .setEpoch(frozen.served().getEpoch() + 1))
                        .setMove(move)
                        .setHoldChangeNumber(holdChangeNumber)
                        .addAllRows(changes.rows())
                        .addAllSessions(changes.sessions())
                        .setCounters(frozen.counters()))
                .build();
    }

    static KvCommand writes(long time, WriteRequest write) {
        return KvCommand.newBuilder()
                .setWrites(WriteCommand.newBuilder()
                        .addShards(ShardWrites.newBuilder()
                                .setShard(write.getShard().getId())
                                .setTimeMillis(time)
                                .addWrites(write)))
                .build();
    }

    WriteOutcome write(WriteRequest write) {
        return (WriteOutcome) ((List<?>) apply(writes(clock, write))).get(0);
    }

    CommandOutcome goodbye(GoodbyeRequest goodbye) {
        return (CommandOutcome) ((List<?>) apply(goodbyes(clock, goodbye))).get(0);
    }

    static KvCommand goodbyes(long time, GoodbyeRequest goodbye) {
        return KvCommand.newBuilder()
                .setGoodbyes(GoodbyeCommand.newBuilder()
                        .addShards(ShardGoodbyes.newBuilder()
                                .setShard(goodbye.getShard().getId())
                                .setTimeMillis(time)
                                .addGoodbyes(goodbye)))
                .build();
    }

    /** The shard as the group has it, frozen or not; null if it has not. */
    Shard shard(long id) {
        return machine.moves().state(id, 0).served();
    }

    Response read(Shard shard, String key) {
        Response.Builder response = Response.newBuilder();
        machine.read(
                ReadRequest.newBuilder()
                        .setShard(Writes.ref(shard))
                        .setGet(Get.newBuilder().setKey(Writes.bytes(key)))
                        .build(),
                response);
        return response.build();
    }

    /** The value as text; null if absent. */
    String text(Shard shard, String key) {
        Response response = read(shard, key);
        if (!response.hasRead()) {
            throw new AssertionError("refused: " + response.getRefusal());
        }
        return response.getRead().getGet().getFound()
                ? response.getRead().getGet().getValue().toStringUtf8()
                : null;
    }

    PublishedGroup published() {
        return machines.published(group);
    }

    // ---- copies ----

    /** Copies the shard, whole, from the other group's replica; false if that can't be, or needs not. */
    boolean copy(MovingGroup from, Shard shard, long move) {
        HoldPlace place = machine.moves().beginHold(shard, move);
        if (place == null || place.isWhole()) {
            return false;
        }
        ShardCopy copy = from.machine.moves().copy(shard.getId(), move);
        return copy != null && take(copy, place);
    }

    /** Copies the hold of a peer. */
    boolean pull(MovingGroup peer, Shard shard, long move) {
        ShardCopy copy = peer.machine.moves().copyOfHold(shard.getId(), move);
        if (copy == null) {
            return false;
        }
        HoldPlace place = machine.moves().beginAnew(shard, move);
        if (place == null) {
            copy.close();
            return false;
        }
        return take(copy, place);
    }

    private boolean take(ShardCopy copy, HoldPlace place) {
        try (copy) {
            try (HoldImport rows = place.newImport()) {
                copySessions(copy, rows);
                copyRows(copy, rows, ByteString.EMPTY, Integer.MAX_VALUE);
                rows.ingest();
            }
            return machine.moves().completeCopy(place, copy.changeNumber(), place.readSessions());
        }
    }

    static void copySessions(ShardCopy copy, HoldImport into) {
        try (CopyCursor sessions = copy.sessions()) {
            while (sessions.next()) {
                into.putSession(sessions.key(), sessions.value());
            }
        }
    }

    /** @return the last key */
    static ByteString copyRows(ShardCopy copy, HoldImport into, ByteString behind, int count) {
        ByteString last = behind;
        try (CopyCursor rows = copy.rows(behind)) {
            for (int i = 0; i < count && rows.next(); i++) {
                last = rows.key();
                into.putRow(last, rows.value());
            }
        }
        return last;
    }

    /** One round from the other group's replica; false if there is no hold, or the source is below it. */
    boolean round(MovingGroup from, long shard, long move, int maxBytes) {
        long after = machine.moves().holdChangeNumber(shard, move);
        if (after < 0) {
            return false;
        }
        long part = 0;
        while (true) {
            ShardChanges changes = from.machine.moves().changesAfter(shard, move, after, part, maxBytes);
            if (changes == null
                    || !machine.moves()
                            .writeHold(
                                    shard,
                                    move,
                                    new HoldUpdate(after, changes.upTo(), changes.rows(), changes.sessions()))) {
                return false;
            }
            if (!changes.more()) {
                return true;
            }
            after = changes.upTo();
            part = changes.upToPart();
        }
    }

    /** Whether the replica's guard lets the entry in. */
    boolean holds(Entry entry) {
        return published().holds(entry);
    }

    void flush() {
        machine.writeBack();
        engine.flush();
    }
}
