package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.PieceRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/**
 * Opens the state machines of a node's data groups, all over one engine: from the engine's rows, or from the group's
 * {@link KvGenesis} if it has none. Thread-safe: each group is opened on its applier lane.
 */
public final class KvMachines implements StateMachineFactory {
    /** For so long the state at a Mark can be asked for. */
    public static final long MARK_NANOS = 60_000_000_000L;

    private final KvEngine engine;
    private final NodeRows node;
    /** Whether all that the engine held at the beginning was durable: so it is after the engine was opened. */
    private final boolean foundDurable;
    /** What the groups that were opened use, by group; their rows may have changed since. */
    private final Map<Long, RowUses.Use> opened = new ConcurrentHashMap<>();

    /**
     * Deletes from the engine what an earlier run left behind that nobody needs. May block.
     *
     * @param clock for what the door is told of log times
     * @throws EngineException if the engine's rows were written by another version
     */
    public KvMachines(KvEngine engine, Clock clock) {
        this(engine, clock, SessionLimits.DEFAULT);
    }

    KvMachines(KvEngine engine, Clock clock, SessionLimits limits) {
        this(engine, clock, limits, HeldSessions.MOST_BYTES);
    }

    /** @param heldSessionBytes as of {@link HeldSessions} */
    KvMachines(KvEngine engine, Clock clock, SessionLimits limits, long heldSessionBytes) {
        this.engine = engine;
        this.foundDurable = engine.durableSequence() >= engine.write(new EngineBatch());
        checkFormat(engine);
        this.node = new NodeRows(
                engine,
                new Numbers(engine),
                new RowUses(engine),
                limits,
                clock,
                new ConcurrentHashMap<>(),
                new Marks(clock),
                new HeldSessions(heldSessionBytes));
    }

    private static void checkFormat(KvEngine engine) {
        byte[] format = engine.get(Layout.FORMAT_KEY);
        if (format == null) {
            try (EngineCursor any = engine.ascending(Layout.FORMAT_KEY, null)) {
                if (any.next()) {
                    throw new EngineException(engine.describe() + " has rows, but none that says in which format: it is"
                            + " not a node's, or damaged; give the node an empty directory");
                }
            }
            EngineBatch batch = new EngineBatch();
            batch.put(Layout.FORMAT_KEY, Layout.number(Layout.FORMAT));
            engine.write(batch);
            // before anything is ingested, which is durable at once
            engine.flush();
        } else if (Layout.number(format) != Layout.FORMAT) {
            String otherVersion = "the rows of " + engine.describe() + " have format " + Layout.number(format)
                    + ", this version reads and writes format " + Layout.FORMAT
                    + ": start the version that wrote them, or a new node with an empty directory";
            throw new EngineException(otherVersion, new OtherVersionException(otherVersion));
        }
    }

    @Override
    public StateMachine open(GroupDescriptor group) {
        long id = group.groupId();
        byte[] applied = engine.get(Layout.groupKey(id));
        if (applied == null) {
            return create(group);
        }
        List<ShardRow> shards = shards(engine::ascending, id);
        RowUses.Use before = opened.get(id);
        List<RowRange> used = rows(shards);
        used.addAll(holdRows(id).rows());
        RowUses.Use use = before != null ? before : node.uses().use(used);
        opened.put(id, use);
        long index = Layout.number(applied);
        byte[] row = engine.get(Layout.installedKey(id));
        EntryId installed = row == null ? EntryId.ZERO : Layout.installed(row);
        boolean durable = before == null && foundDurable;
        return new KvStateMachine(
                id,
                node,
                use,
                new KvStateMachine.Found(index, durable ? index : installed.index(), durable, installed, shards));
    }

    /** What may be known of the replica of a group on this node without asking it; null if there is none. Any thread. */
    public PublishedGroup published(long group) {
        return node.published().get(group);
    }

    /** Roughly what the rows of a shard take in the engine; 0 if the group does not have it here. Any thread. */
    public long approximateBytes(long group, long shard) {
        byte[] row = engine.get(Layout.shardKey(group, shard));
        if (row == null) {
            return 0;
        }
        try {
            long bytes = 0;
            for (RowRange range : RowRange.of(ShardRow.parseFrom(row))) {
                bytes += engine.approximateBytes(range.from(), range.to());
            }
            return bytes;
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("the row of shard " + shard + " of group " + group + " is damaged", e);
        }
    }

    /** The rows of the engine that the shards use. */
    static List<RowRange> rows(List<ShardRow> shards) {
        List<RowRange> ranges = new ArrayList<>();
        shards.forEach(shard -> ranges.addAll(RowRange.of(shard)));
        return ranges;
    }

    /** A shard whose rows all lie in one new generation, as one piece. */
    static ShardRow.Builder place(ShardRow shard, long generation, long sessionNumber) {
        return shard.toBuilder()
                .setSessionNumber(sessionNumber)
                .clearPieces()
                .addPieces(PieceRow.newBuilder()
                        .setGeneration(generation)
                        .setStart(shard.getShard().getStart())
                        .setEnd(shard.getShard().getEnd()));
    }

    private KvStateMachine create(GroupDescriptor group) {
        KvGenesis genesis;
        try {
            genesis = KvGenesis.parseFrom(group.genesis());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("group " + group.groupId() + " has an unreadable genesis", e);
        }
        EngineBatch batch = new EngineBatch();
        List<ShardRow> shards = new ArrayList<>();
        for (Shard shard : genesis.getShardsList()) {
            if (shard.getGroup() != group.groupId()) {
                throw new IllegalArgumentException("the genesis of group " + group.groupId() + " has shard "
                        + shard.getId() + " of group " + shard.getGroup());
            }
            long number = node.numbers().reserve(2);
            ShardRow row = place(
                            ShardRow.newBuilder()
                                    .setShard(Shard.newBuilder()
                                            .setId(shard.getId())
                                            .setStart(shard.getStart())
                                            .setEnd(shard.getEnd())
                                            .setGroup(shard.getGroup())
                                            .setEpoch(shard.getEpoch()))
                                    .build(),
                            number,
                            number + 1)
                    .build();
            batch.put(Layout.numberKey(number), new byte[0]);
            batch.put(Layout.numberKey(number + 1), new byte[0]);
            batch.put(Layout.shardKey(group.groupId(), shard.getId()), row.toByteArray());
            shards.add(row);
        }
        batch.put(Layout.groupKey(group.groupId()), Layout.number(0));
        RowUses.Use use = node.uses().use(rows(shards));
        opened.put(group.groupId(), use);
        engine.write(batch);
        return new KvStateMachine(
                group.groupId(), node, use, new KvStateMachine.Found(0, 0, false, EntryId.ZERO, shards));
    }

    /**
     * One batch, so that a crash leaves the group whole or nothing of it but what is being read: that goes when nobody reads
     * it any more, or at the next start. Its numbers stay known: they are never used again.
     */
    @Override
    public void drop(long groupId) {
        EngineBatch batch = new EngineBatch();
        List<RowRange> rows = new ArrayList<>();
        for (ShardRow row : shards(engine::ascending, groupId)) {
            rows.addAll(RowRange.of(row));
            batch.delete(Layout.shardKey(groupId, row.getShard().getId()));
        }
        HoldRows holds = holdRows(groupId);
        rows.addAll(holds.rows());
        holds.keys().forEach(batch::delete);
        byte[] fences = Layout.fencePrefix(groupId);
        try (EngineCursor found = engine.ascending(fences, Keys.afterPrefix(fences))) {
            while (found.next()) {
                batch.delete(found.key());
            }
        }
        for (byte[] key : List.of(Layout.groupKey(groupId), Layout.installedKey(groupId))) {
            if (engine.get(key) != null) {
                batch.delete(key);
            }
        }
        node.published().remove(groupId);
        node.marks().drop(groupId);
        RowUses.Use all = node.uses().use(rows);
        RowUses.Use shards = opened.remove(groupId);
        if (shards != null) {
            shards.forget();
        }
        node.uses().change(all, List.of(), batch);
        engine.flush();
    }

    /** The keys of holds' records, and what the holds have in the engine. */
    private record HoldRows(List<byte[]> keys, List<RowRange> rows) {}

    private HoldRows holdRows(long group) {
        HoldRows found = new HoldRows(new ArrayList<>(), new ArrayList<>());
        byte[] prefix = Layout.holdPrefix(group);
        try (EngineCursor held = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (held.next()) {
                found.keys.add(held.key());
                found.rows.addAll(RowRange.of(HoldRow.parseFrom(held.value())));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a hold's row of group " + group + " is damaged", e);
        }
        return found;
    }

    /**
     * What the state of a group adds up to, as the engine has it now; null if it has no such group. Any lane: a batch
     * brings the engine from one index to another as a whole. The caller computes it and closes it.
     */
    public GroupChecksum checksum(long group) {
        while (true) {
            List<ShardRow> present = shards(engine::ascending, group);
            RowUses.Use use = node.uses().use(rows(present));
            EngineView view = engine.view();
            GroupChecksum checksum = null;
            try {
                byte[] applied = value(view, Layout.groupKey(group));
                List<ShardRow> shards = shards(view::ascending, group);
                if (applied == null) {
                    return null;
                }
                // else the shards got other rows between the two looks: the use is not of what the view shows
                if (rows(shards).equals(rows(present))) {
                    checksum = new GroupChecksum(group, Layout.number(applied), view, use, shards);
                    return checksum;
                }
            } finally {
                if (checksum == null) {
                    view.close();
                    use.close();
                }
            }
        }
    }

    /**
     * What the state of a group added up to right after a Mark, as {@link #checksum(long)}; null if it is not kept here (any more): the newest
     * two of a group are, for {@link #MARK_NANOS} nanoseconds. May be asked for again. Any lane.
     *
     * @param atMark the index of the Mark
     */
    public GroupChecksum checksum(long group, long atMark) {
        return node.marks().at(group, atMark);
    }

    /**
     * Gives back what nobody needs any more: states at old Marks, and the disk's space under rows that were given up. To be called about
     * once a second, on a lane that may block.
     */
    public void tidy() {
        node.marks().expire();
        node.uses().reclaim();
    }

    private static byte[] value(EngineView view, byte[] key) {
        try (EngineCursor row = view.ascending(key, Keys.afterPrefix(key))) {
            return row.next() ? row.value() : null;
        }
    }

    @Override
    public SnapshotSource reopenSnapshot(long groupId, String name) {
        EngineView view = engine.keptView(name);
        return view == null ? null : KeptSnapshots.open(groupId, view);
    }

    @Override
    public List<String> keptSnapshots() {
        return engine.keptViews();
    }

    @Override
    public void forgetSnapshot(String name) {
        engine.forgetView(name);
    }

    static List<ShardRow> shards(BiFunction<byte[], byte[], EngineCursor> ascending, long group) {
        List<ShardRow> shards = new ArrayList<>();
        byte[] prefix = Layout.shardPrefix(group);
        try (EngineCursor rows = ascending.apply(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                shards.add(ShardRow.parseFrom(rows.value()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a shard row of group " + group + " is damaged", e);
        }
        return shards;
    }
}
