package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;

/**
 * One group's shards. An entry is a {@link io.flotilla.kv.proto.KvCommand}, its result as {@link CommandApplier#apply} says: of
 * requests the list of their {@link CommandOutcome}s, in their order, of a command of a move its {@link MoveOutcome}.
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
 * <p>Shards move between groups by commands of their own ({@link MoveCommands}), and by what each replica copies for itself ({@link
 * ShardMoves}).
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
    /** Of what shards and holds have in the engine. */
    private final RowUses.Use use;

    private final ShardReader reader;
    private final ShardMoves moves = new ShardMoves(this);

    private GroupState state;
    private CommandApplier commands;
    private MoveCommands moveCommands;
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

    private DurableMark durable;

    /**
     * A group as the engine has it.
     *
     * @param durableIndex the applied index that a crash would leave
     * @param isDurable whether a crash would leave all of it
     * @param installed the last entry of the snapshot installed last
     * @param shards by ascending id
     */
    record Found(long appliedIndex, long durableIndex, boolean isDurable, EntryId installed, List<ShardRow> shards) {}

    /** @param use of what shards and holds have in the engine */
    KvStateMachine(long group, NodeRows node, RowUses.Use use, Found found) {
        this.group = group;
        this.engine = node.engine();
        this.node = node;
        this.use = use;
        this.reader = new ShardReader(engine);
        this.installed = found.installed();
        this.appliedIndex = found.appliedIndex();
        this.writtenIndex = appliedIndex;
        this.durable = DurableMark.of(found.durableIndex(), appliedIndex, engine.write(new EngineBatch()));
        serve(found.shards(), Fences.open(engine, group), new Holds(group, node, found.isDurable()));
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
            Object result = entry.kind() == EntryKind.COMMAND ? commands.apply(entry) : null;
            results.add(result);
            keptRows += result instanceof List<?> outcomes ? outcomes.size() : 1;
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
        write();
        broken = false;
    }

    private void write() {
        EngineBatch batch = new EngineBatch();
        boolean others = state.drainTo(batch);
        batch.put(Layout.groupKey(group), Layout.number(appliedIndex));
        settle();
        durable = durable.written(appliedIndex, write(batch, others));
        written();
        if (others) {
            // what the log has given up goes from the disk once that is durable
            engine.flushSoon();
        }
    }

    /** @param others whether shards or holds use other rows than before */
    private long write(EngineBatch batch, boolean others) {
        return others ? node.uses().change(use, state.usedRows(), batch) : engine.write(batch);
    }

    /** Each replica keeps what it has right after this entry, for a while. Waits as {@link #writeBack} may. */
    private void mark(long index) {
        appliedIndex = index;
        write();
        List<ShardRow> shards = state.shardRows();
        node.marks().add(group, index, engine.view(), node.uses().use(KvMachines.rows(shards)), shards);
    }

    /** The engine has all that was applied. */
    private void written() {
        writtenIndex = appliedIndex;
        keptRows = 0;
        keptBytes = 0;
        keptValueBytes = 0;
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
        ShardState shard = state.guard().find(read.getShard());
        if (shard == null || !EpochGuard.covers(shard.shard(), read)) {
            response.setRefusal(state.guard().staleRoute(read.getShard()));
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
    public EntryGuard guard() {
        return this::holds;
    }

    /** Any thread. */
    private boolean holds(Entry entry) {
        PublishedGroup present = published();
        return present != null && present.holds(entry);
    }

    @Override
    public long durableIndex() {
        settle();
        return durable.durable();
    }

    private void settle() {
        durable = durable.reached(engine.durableSequence());
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
        List<ShardRow> shards = state.shardRows();
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
        for (ShardRow row : KvMachines.shards(engine::ascending, group)) {
            batch.delete(Layout.shardKey(group, row.getShard().getId()));
        }
        for (ShardRow row : shards) {
            batch.put(Layout.shardKey(group, row.getShard().getId()), row.toByteArray());
        }
        Fences fences = new Fences(group, received.fences());
        fences.replaceIn(batch);
        Holds holds = state.holds();
        fences.moves().forEach(holds::end);
        holds.drainTo(batch);
        batch.put(Layout.groupKey(group), Layout.number(last.index()));
        batch.put(Layout.installedKey(group), Layout.installedRow(last));
        List<RowRange> used = KvMachines.rows(shards);
        used.addAll(holds.rows());
        long sequence = node.uses().change(use, used, batch);
        engine.flush();
        installed = last;
        appliedIndex = last.index();
        written();
        durable = DurableMark.of(appliedIndex, appliedIndex, sequence);
        serve(shards, fences, holds);
        broken = false;
    }

    /** From now on these are the shards; the engine has all that is theirs. */
    private void serve(List<ShardRow> shards, Fences fences, Holds holds) {
        state = new GroupState(group, node, shards, fences, holds);
        moveCommands = new MoveCommands(group, node, state);
        commands = new CommandApplier(group, state, moveCommands, this::mark);
        state.publish();
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    /** What others may know of it, as of what was applied last. Any thread. */
    public PublishedGroup published() {
        return node.published().get(group);
    }

    /** What it does for moves of shards beside their commands. */
    public ShardMoves moves() {
        return moves;
    }

    // ---- for moves, see ShardMoves ----

    GroupState state() {
        return state;
    }

    MoveCommands moveCommands() {
        return moveCommands;
    }

    NodeRows node() {
        return node;
    }

    /** Writes what concerns holds alone. @param others whether they use other rows than before: nothing is kept back then */
    long writeHolds(EngineBatch batch, boolean others) {
        Check.that(
                !broken && (!others || writtenIndex == appliedIndex),
                "group %s: there are changes to be written",
                group);
        return write(batch, others);
    }

    /** What the whole state adds up to, see {@link GroupChecksum}: reads every row of the group at once. For tests. */
    public long checksum() {
        writeBack();
        List<ShardRow> shards = state.shardRows();
        try (GroupChecksum checksum = new GroupChecksum(
                group, appliedIndex, engine.view(), node.uses().use(KvMachines.rows(shards)), shards)) {
            return checksum.compute(() -> true);
        }
    }

    /** The engine is the node's and stays open. */
    @Override
    public void close() {
        node.marks().drop(group);
        state.holds().close();
        if (!broken) {
            writeBack();
        }
    }
}
