package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/**
 * Opens the state machines of a node's data groups, all over one engine: from the engine's rows, or from the group's
 * {@link KvGenesis} if it has none. Thread-safe: each group is opened on its applier lane.
 */
public final class KvMachines implements StateMachineFactory {
    private final KvEngine engine;
    private final SessionLimits limits;
    private final Generations generations;
    /** Whether all that the engine held at the beginning was durable: so it is after the engine was opened. */
    private final boolean foundDurable;
    /** Groups whose rows may have changed since. */
    private final Set<Long> opened = ConcurrentHashMap.newKeySet();

    /**
     * Deletes from the engine what an earlier run left behind that nobody needs.
     *
     * @throws EngineException if the engine's rows were written by a newer version
     */
    public KvMachines(KvEngine engine) {
        this(engine, SessionLimits.DEFAULT);
    }

    KvMachines(KvEngine engine, SessionLimits limits) {
        this.engine = engine;
        this.limits = limits;
        this.foundDurable = engine.durableSequence() >= engine.write(new EngineBatch());
        checkFormat(engine);
        this.generations = new Generations(engine);
    }

    private static void checkFormat(KvEngine engine) {
        byte[] format = engine.get(Layout.FORMAT_KEY);
        if (format == null) {
            EngineBatch batch = new EngineBatch();
            batch.put(Layout.FORMAT_KEY, Layout.number(Layout.FORMAT));
            engine.write(batch);
        } else if (Layout.number(format) != Layout.FORMAT) {
            throw new EngineException("the engine's rows have format " + Layout.number(format)
                    + ", this version knows only " + Layout.FORMAT + ": start the version that wrote them");
        }
    }

    @Override
    public StateMachine open(GroupDescriptor group) {
        boolean first = opened.add(group.groupId());
        byte[] applied = engine.get(Layout.groupKey(group.groupId()));
        return applied == null ? create(group) : reopen(group.groupId(), Layout.number(applied), first && foundDurable);
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
            long generation = generations.reserve(1);
            ShardRow row = ShardRow.newBuilder()
                    .setShard(shard)
                    .setGeneration(generation)
                    .build();
            batch.put(Layout.generationKey(generation), new byte[0]);
            batch.put(Layout.shardKey(group.groupId(), shard.getId()), row.toByteArray());
            shards.add(row);
        }
        batch.put(Layout.groupKey(group.groupId()), Layout.number(0));
        engine.write(batch);
        return new KvStateMachine(group.groupId(), engine, generations, limits, 0, 0, EntryId.ZERO, shards);
    }

    /**
     * One batch, so that a crash leaves the group whole or nothing of it. The numbers of its generations stay known: they are
     * never used again.
     */
    @Override
    public void drop(long groupId) {
        EngineBatch batch = new EngineBatch();
        for (ShardRow row : shards(engine::ascending, groupId)) {
            Generations.delete(row.getGeneration(), batch);
            batch.delete(Layout.shardKey(groupId, row.getShard().getId()));
        }
        for (byte[] key : List.of(Layout.groupKey(groupId), Layout.installedKey(groupId))) {
            if (engine.get(key) != null) {
                batch.delete(key);
            }
        }
        engine.write(batch);
        engine.flush();
    }

    /**
     * What the state of a group adds up to, as the engine has it now; null if it has no such group. Any lane: a batch
     * brings the engine from one index to another as a whole. The caller computes it and closes it.
     */
    public GroupChecksum checksum(long group) {
        EngineView view = engine.view();
        GroupChecksum checksum = null;
        try {
            byte[] key = Layout.groupKey(group);
            try (EngineCursor row = view.ascending(key, Keys.afterPrefix(key))) {
                if (row.next()) {
                    checksum = new GroupChecksum(Layout.number(row.value()), view, shards(view::ascending, group));
                }
            }
            return checksum;
        } finally {
            if (checksum == null) {
                view.close();
            }
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

    private KvStateMachine reopen(long group, long appliedIndex, boolean durable) {
        byte[] row = engine.get(Layout.installedKey(group));
        EntryId installed = row == null ? EntryId.ZERO : Layout.installed(row);
        return new KvStateMachine(
                group,
                engine,
                generations,
                limits,
                appliedIndex,
                durable ? appliedIndex : installed.index(),
                installed,
                shards(engine::ascending, group));
    }
}
