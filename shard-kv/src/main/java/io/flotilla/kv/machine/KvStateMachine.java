package io.flotilla.kv.machine;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.KeptReply;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One group's shards. An entry is a {@link KvCommand}, its result the list of its writes' {@link WriteOutcome}s, in
 * their order.
 *
 * <p>What {@link #apply} changes is kept in memory, where reads see it, until {@link #writeOut} makes one engine batch of
 * it: the rows of the data and of the sessions as they are by then, the shards' counters and the applied index. So a
 * session that writes a thousand times in a moment costs one row of its own, and a crash loses nothing that the Raft log
 * can't tell again.
 *
 * <p>Exactly once: the reply to a write is kept until its client acknowledged it or log time has passed its not-after,
 * and a retry gets the kept one. A client must give a write the same not-after in every attempt.
 *
 * <p>The image of a group is told in {@link ImageFormat}. It is received beside the state, under generations of its
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
    private final Generations generations;
    private final SessionLimits limits;
    private final ShardReader reader;

    private EpochGuard guard;
    private EntryId installed;

    private long appliedIndex;
    /** The applied index that the engine has. */
    private long writtenIndex;
    /** Rows kept back since the last batch, and bytes of entries, both at most. */
    private int keptRows;

    private long keptBytes;

    /** Set while a batch is applied: if that failed, memory and engine may disagree. */
    private boolean broken;

    private long durableIndex;
    /** An older applied index that was not durable when last looked, and the engine's number of it. */
    private long pendingIndex;

    private long pendingSequence;
    /** The engine's number of {@link #writtenIndex}. */
    private long newestSequence;

    KvStateMachine(
            long group,
            KvEngine engine,
            Generations generations,
            SessionLimits limits,
            long appliedIndex,
            long durableIndex,
            EntryId installed,
            List<ShardRow> shards) {
        this.group = group;
        this.engine = engine;
        this.generations = generations;
        this.limits = limits;
        this.reader = new ShardReader(engine);
        this.guard = guard(shards);
        this.installed = installed;
        this.appliedIndex = appliedIndex;
        this.writtenIndex = appliedIndex;
        this.durableIndex = durableIndex;
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
        return results;
    }

    @Override
    public boolean isFull() {
        return keptRows >= MAX_KEPT_ROWS || keptBytes >= MAX_KEPT_BYTES;
    }

    /** Only {@link #writeOut} may have to wait until the engine takes something. */
    @Override
    public boolean isQuick() {
        return true;
    }

    @Override
    public void writeOut() {
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
    }

    private List<WriteOutcome> apply(Entry entry) {
        KvCommand command;
        try {
            CodedInputStream bytes =
                    UnsafeByteOperations.unsafeWrap(entry.payload()).newCodedInput();
            // no copies of keys and values: an entry's payload never changes
            bytes.enableAliasing(true);
            command = KvCommand.parseFrom(bytes);
        } catch (IOException e) {
            throw new IllegalStateException("group " + group + ": entry " + entry + " is no command", e);
        }
        List<WriteOutcome> outcomes = new ArrayList<>(command.getWritesCount());
        keptRows += command.getWritesCount();
        for (int i = 0; i < command.getWritesCount(); i++) {
            outcomes.add(apply(command.getWrites(i), command.getLeaderMillis()));
        }
        return outcomes;
    }

    private WriteOutcome apply(WriteRequest write, long leaderMillis) {
        String wrong = Rules.check(write);
        if (wrong != null) {
            return refused(Refusal.Kind.INVALID, wrong, 0);
        }
        ShardState shard = guard.find(write.getShard());
        if (shard == null || !EpochGuard.covers(shard.shard(), write.getMutation())) {
            return WriteOutcome.refused(guard.staleRoute(write.getShard()));
        }
        shard.advance(leaderMillis);
        SessionTable sessions = shard.sessions();
        SessionId id = new SessionId(write.getSessionHigh(), write.getSessionLow());
        Session session = sessions.find(id);
        if (session != null) {
            sessions.acknowledge(session, write.getFirstUnacknowledged());
            if (write.getSequence() < session.firstUnacknowledged()) {
                return refused(
                        Refusal.Kind.ALREADY_ACKNOWLEDGED,
                        "the session has acknowledged all below " + session.firstUnacknowledged(),
                        shard.logTime());
            }
            KeptReply kept = session.reply(write.getSequence());
            if (kept != null) {
                return WriteOutcome.done(kept.getReply(), shard.logTime());
            }
        }
        if (shard.logTime() > write.getNotAfterMillis()) {
            return refused(
                    Refusal.Kind.EXPIRED,
                    "log time is past the write's not-after by " + (shard.logTime() - write.getNotAfterMillis())
                            + " ms",
                    shard.logTime());
        }
        String full = sessions.full(session, write.getSequence(), shard.logTime());
        if (full != null) {
            return refused(Refusal.Kind.BUSY, full, shard.logTime());
        }
        long version = shard.lastVersion() + 1;
        WriteReply reply = Mutations.apply(shard.rows(), write.getMutation(), version);
        if (reply.getOutcome() == WriteReply.Outcome.DONE) {
            shard.wrote(version);
        }
        sessions.keep(
                session != null ? session : sessions.begin(id, write.getFirstUnacknowledged()),
                KeptReply.newBuilder()
                        .setSequence(write.getSequence())
                        .setNotAfterMillis(write.getNotAfterMillis())
                        .setReply(reply)
                        .build());
        return WriteOutcome.done(reply, shard.logTime());
    }

    private static WriteOutcome refused(Refusal.Kind kind, String message, long logTime) {
        Refusal.Builder refusal =
                Refusal.newBuilder().setKind(kind).setMessage(message).setLogTimeMillis(logTime);
        if (kind == Refusal.Kind.BUSY) {
            refusal.setRetryAfterMillis(100);
        }
        return WriteOutcome.refused(refusal.build());
    }

    /**
     * Answers a read from everything applied so far: puts a reply or a refusal into the response. Only when the host
     * says that a read may run.
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
            writeOut(); // cursors see the engine alone
        }
        reader.read(shard, read, response);
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
        writeOut();
        if (durableIndex() < appliedIndex) {
            engine.flushSoon();
        }
    }

    @Override
    public SnapshotSource snapshot() {
        writeOut();
        List<ShardRow> shards = rows();
        return new ImageSource(
                group, appliedIndex, engine.view(), shards, name -> KeptSnapshots.keep(engine, group, shards, name));
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new ImageSink(group, engine, generations);
    }

    /**
     * The order makes a crash harmless. The ingested rows are durable first, under generations that no shard has yet:
     * a start deletes them. The batch that gives the shards these generations, and deletes the old ones, is durable as a
     * whole or not at all. Blocks until both are, and with it the other groups of this lane: milliseconds for each file,
     * and the time that the engine takes to write out what it holds in memory.
     */
    @Override
    public void install(SnapshotSink image, EntryId last) {
        Check.that(!broken, "group %s: an earlier batch was applied in part", group);
        ImageSink received = (ImageSink) image;
        Check.that(
                received.group() == group && received.index() == last.index() && last.index() > appliedIndex,
                "group %s at %s can't install an image of group %s at %s as %s",
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
            Generations.delete(shard.generation(), batch);
        }
        for (ShardRow row : shards) {
            batch.put(Layout.shardKey(group, row.getShard().getId()), row.toByteArray());
        }
        batch.put(Layout.groupKey(group), Layout.number(last.index()));
        batch.put(Layout.installedKey(group), Layout.installedRow(last));
        newestSequence = engine.write(batch);
        engine.flush();
        guard = guard(shards);
        installed = last;
        appliedIndex = last.index();
        written();
        durableIndex = appliedIndex;
        pendingIndex = appliedIndex;
        pendingSequence = newestSequence;
        broken = false;
    }

    private EpochGuard guard(List<ShardRow> rows) {
        List<ShardState> shards = new ArrayList<>(rows.size());
        for (ShardRow row : rows) {
            shards.add(new ShardState(engine, row, limits));
        }
        return new EpochGuard(group, shards);
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

    /** What the whole state adds up to, see {@link GroupChecksum}: reads every row of the group at once. For tests. */
    public long checksum() {
        writeOut();
        try (GroupChecksum checksum = new GroupChecksum(appliedIndex, engine.view(), rows())) {
            return checksum.compute(() -> true);
        }
    }

    /** The engine is the node's and stays open. */
    @Override
    public void close() {
        if (!broken) {
            writeOut();
        }
    }
}
