package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.FenceRow;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One group's shards. An entry is a {@link io.flotilla.kv.proto.KvCommand}, its result the list of its requests' {@link
 * CommandOutcome}s, in their order.
 *
 * <p>What {@link #apply} changes is kept in memory, where reads see it, until {@link #writeBack} makes one engine batch of
 * it: the rows of the data and of the sessions as they are by then, the shards' counters and the applied index. So a
 * session that writes a thousand times in a moment costs one row of its own, and a crash loses nothing that the Raft log
 * can't tell again.
 *
 * <p>Exactly once: the reply to a write is kept until its client acknowledged it or log time is more than {@link
 * SessionLimits#WINDOW_MILLIS} past its not-after, and a retry gets the kept one. A client must give a write the same not-after
 * in every attempt, until it knows that none of them was applied or can be.
 *
 * <p>The snapshot of a group is told in {@link SnapshotFormat}. It is received beside the state, under numbers of its
 * own; {@link #install} takes its rows in, and one batch makes them the state.
 *
 * <p>Belongs to the group's applier lane.
 */
public final class KvStateMachine implements StateMachine {
    /** Changes are kept back up to this: a batch has to stay small beside the memtable. */
    private static final int MAX_KEPT_ROWS = 8192;

    private static final long MAX_KEPT_BYTES = 2L << 20;

    private final long group;
    private final KvEngine engine;
    private final NodeRows node;
    /** Of what the shards have in the engine. */
    private final RowUses.Use use;

    private final ShardReader reader;
    private final ShardMoves moves = new ShardMoves(this);

    private EpochGuard guard;
    private CommandApplier commands;
    private EntryId installed;

    private long appliedIndex;
    /** The applied index that the engine has. */
    private long writtenIndex;
    /** Rows kept back since the last batch, and bytes of entries, both at most. */
    private int keptRows;

    private long keptBytes;
    /** Of the values kept back: an append of a byte keeps back the whole value. */
    private long keptValueBytes;

    /** Set while a batch is applied: if that failed, memory and engine may disagree. */
    private boolean broken;

    private long durableIndex;
    /** An older applied index that was not durable when last looked, and the engine's number of it. */
    private long pendingIndex;

    private long pendingSequence;
    /** The engine's number of {@link #writtenIndex}. */
    private long newestSequence;

    /**
     * A group as the engine has it.
     *
     * @param durableIndex the applied index that a crash would leave
     * @param installed the last entry of the snapshot installed last
     * @param shards by ascending id
     */
    record Found(long appliedIndex, long durableIndex, EntryId installed, List<ShardRow> shards) {}

    /** @param use of what the shards have in the engine */
    KvStateMachine(long group, NodeRows node, RowUses.Use use, Found found) {
        this.group = group;
        this.engine = node.engine();
        this.node = node;
        this.use = use;
        this.reader = new ShardReader(engine);
        serve(found.shards());
        this.installed = found.installed();
        this.appliedIndex = found.appliedIndex();
        this.writtenIndex = appliedIndex;
        this.durableIndex = found.durableIndex();
        this.pendingIndex = appliedIndex;
        this.pendingSequence = engine.write(new EngineBatch());
        this.newestSequence = pendingSequence;
    }

    @Override
    public long appliedIndex() {
        return appliedIndex;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        Check.that(!broken, "group %s: an earlier batch was applied in part", group);
        if (entries.isEmpty()) {
            return List.of();
        }
        broken = true;
        List<Object> results = new ArrayList<>(entries.size());
        long index = appliedIndex;
        for (Entry entry : entries) {
            Check.that(entry.index() == index + 1, "group %s: entry %s follows %s", group, entry, index);
            results.add(entry.kind() == EntryKind.COMMAND ? apply(entry) : null);
            keptBytes += entry.bytes();
            index = entry.index();
        }
        appliedIndex = index;
        broken = false;
        keptValueBytes += commands.publish();
        return results;
    }

    @Override
    public boolean isFull() {
        return keptRows >= MAX_KEPT_ROWS || keptBytes >= MAX_KEPT_BYTES || keptValueBytes >= MAX_KEPT_BYTES;
    }

    /** Only {@link #writeBack} may have to wait until the engine takes something. */
    @Override
    public boolean isNonBlocking() {
        return true;
    }

    @Override
    public void writeBack() {
        Check.that(!broken, "group %s: an earlier batch was applied in part", group);
        if (writtenIndex == appliedIndex) {
            return;
        }
        broken = true;
        EngineBatch batch = new EngineBatch();
        for (ShardState shard : guard.shards()) {
            shard.drainTo(group, batch);
        }
        batch.put(Layout.groupKey(group), Layout.number(appliedIndex));
        settle();
        newestSequence = engine.write(batch);
        written();
        broken = false;
    }

    /** The engine has all that was applied. */
    private void written() {
        writtenIndex = appliedIndex;
        keptRows = 0;
        keptBytes = 0;
        keptValueBytes = 0;
    }

    private List<CommandOutcome> apply(Entry entry) {
        List<CommandOutcome> outcomes = commands.apply(entry);
        keptRows += outcomes.size();
        return outcomes;
    }

    /**
     * Answers a read from everything applied so far: puts a reply or a refusal into the response. Only when the host
     * says that a read may run. A STALE_ROUTE names no shards.
     */
    public void read(ReadRequest read, Response.Builder response) {
        Check.that(!broken, "group %s: a batch was applied in part", group);
        String wrong = Rules.check(read);
        if (wrong != null) {
            response.setRefusal(
                    Refusal.newBuilder().setKind(Refusal.Kind.INVALID).setMessage(wrong));
            return;
        }
        ShardState shard = guard.find(read.getShard());
        if (shard == null || !EpochGuard.covers(shard.shard(), read)) {
            response.setRefusal(guard.staleRoute(read.getShard()));
            return;
        }
        if (read.hasScan()) {
            writeBack(); // cursors see the engine alone
        }
        reader.read(shard, read, response);
    }

    /** The first key that a read is about; empty if it has none. */
    public static ByteString firstKey(ReadRequest read) {
        return EpochGuard.firstKey(read);
    }

    @Override
    public long durableIndex() {
        settle();
        return durableIndex;
    }

    /** Moves the durable index to the newest of the two known marks that the engine has reached. */
    private void settle() {
        long durable = engine.durableSequence();
        if (durable >= newestSequence) {
            durableIndex = writtenIndex;
        } else if (durable >= pendingSequence) {
            durableIndex = Math.max(durableIndex, pendingIndex);
            pendingIndex = writtenIndex;
            pendingSequence = newestSequence;
        }
    }

    @Override
    public void flushSoon() {
        writeBack();
        if (durableIndex() < appliedIndex) {
            engine.flushSoon();
        }
    }

    @Override
    public SnapshotSource snapshot() {
        writeBack();
        List<ShardRow> shards = rows();
        return new KvSnapshotSource(
                group,
                appliedIndex,
                engine.view(),
                node.uses().use(KvMachines.rows(shards)),
                shards,
                name -> KeptSnapshots.keep(engine, group, shards, name));
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new KvSnapshotSink(group, engine, node.numbers());
    }

    /**
     * The order makes a crash harmless. The ingested rows are durable first, under numbers that no shard has yet: a start
     * deletes them. The batch that gives the shards these numbers, and deletes what lies under the old ones as far as nobody
     * reads it, is durable as a whole or not at all. Blocks until both are, and with it the other groups of this lane: milliseconds for each file,
     * and the time that the engine takes to flush what it holds in memory.
     */
    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        Check.that(!broken, "group %s: an earlier batch was applied in part", group);
        KvSnapshotSink received = (KvSnapshotSink) snapshot;
        Check.that(
                received.group() == group && received.index() == last.index() && last.index() > appliedIndex,
                "group %s at %s can't install a snapshot of group %s at %s as %s",
                group,
                appliedIndex,
                received.group(),
                received.index(),
                last);
        broken = true;
        engine.ingest(received.rows());
        List<ShardRow> shards = received.shards();
        EngineBatch batch = new EngineBatch();
        for (ShardState shard : guard.shards()) {
            batch.delete(Layout.shardKey(group, shard.id()));
        }
        for (ShardRow row : shards) {
            batch.put(Layout.shardKey(group, row.getShard().getId()), row.toByteArray());
        }
        replaceFences(received.fences(), batch);
        RowUses.Use passed = dropHolds(received.fences(), batch);
        batch.put(Layout.groupKey(group), Layout.number(last.index()));
        batch.put(Layout.installedKey(group), Layout.installedRow(last));
        newestSequence = node.uses().change(use, KvMachines.rows(shards), batch);
        passed.close();
        engine.flush();
        serve(shards);
        installed = last;
        appliedIndex = last.index();
        written();
        durableIndex = appliedIndex;
        pendingIndex = appliedIndex;
        pendingSequence = newestSequence;
        broken = false;
    }

    private void replaceFences(SortedMap<Long, FenceRow> fences, EngineBatch batch) {
        byte[] prefix = Layout.fencePrefix(group);
        batch.deleteRange(prefix, Keys.afterPrefix(prefix));
        fences.forEach((shard, row) -> batch.put(Layout.fenceKey(group, shard), row.toByteArray()));
    }

    /**
     * A hold ends in the batch that brings the fence to its move.
     *
     * @return of the rows of these holds: to be closed after the batch was written
     */
    private RowUses.Use dropHolds(SortedMap<Long, FenceRow> fences, EngineBatch batch) {
        List<RowRange> rows = new ArrayList<>();
        byte[] prefix = Layout.holdPrefix(group);
        try (EngineCursor holds = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (holds.next()) {
                FenceRow fence = fences.get(Layout.shardOf(holds.key()));
                if (fence != null && fence.getMove() >= Layout.moveOf(holds.key())) {
                    batch.delete(holds.key());
                    rows.addAll(RowRange.of(HoldRow.parseFrom(holds.value())));
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a hold's row of group " + group + " is damaged", e);
        }
        return node.uses().use(rows);
    }

    /** From now on these are the shards; the engine has all that is theirs. */
    private void serve(List<ShardRow> rows) {
        List<ShardState> shards = new ArrayList<>(rows.size());
        SortedMap<Long, ShardGauge> gauges = new TreeMap<>();
        List<Shard> known = new ArrayList<>(rows.size());
        for (ShardRow row : rows) {
            ShardState shard = new ShardState(node, row);
            shards.add(shard);
            gauges.put(shard.id(), shard.gauge());
            known.add(shard.shard());
        }
        byte[] prefix = Layout.fencePrefix(group);
        try (EngineCursor fences = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (fences.next()) {
                FenceRow fence = FenceRow.parseFrom(fences.value());
                if (fence.hasGoneTo()) {
                    known.add(fence.getGoneTo());
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a fence's row of group " + group + " is damaged", e);
        }
        guard = new EpochGuard(group, shards);
        commands = new CommandApplier(group, guard);
        node.published()
                .put(
                        group,
                        new PublishedGroup(gauges, List.copyOf(known), new TreeMap<>(), new TreeMap<>(), List.of()));
    }

    private List<ShardRow> rows() {
        List<ShardRow> rows = new ArrayList<>();
        for (ShardState shard : guard.shards()) {
            rows.add(shard.toRow());
        }
        return rows;
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    /** What it does for moves of shards beside their commands. */
    public ShardMoves moves() {
        return moves;
    }

    /** What the whole state adds up to, see {@link GroupChecksum}: reads every row of the group at once. For tests. */
    public long checksum() {
        writeBack();
        try (GroupChecksum checksum = new GroupChecksum(
                group, appliedIndex, engine.view(), node.uses().use(KvMachines.rows(rows())), rows())) {
            return checksum.compute(() -> true);
        }
    }

    /** The engine is the node's and stays open. */
    @Override
    public void close() {
        if (!broken) {
            writeBack();
        }
    }
}
