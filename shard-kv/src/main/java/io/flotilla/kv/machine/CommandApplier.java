package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KeptReply;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.machine.UnknownCommandException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Judges and carries out the commands of one group: each request alone, in the order serves, epoch, session, range, so that the
 * retry of a batch finds its reply even where a split has cut it apart since. Everything depends on the entry and the state
 * alone. Applier lane.
 */
final class CommandApplier {
    /**
     * Present values that failed compare-and-sets tell, of all between two calls of {@link #publish}: a small request could ask for
     * any amount of memory.
     */
    static final long MAX_TOLD_BYTES = 8L << 20;

    private final long group;
    private final GroupState state;
    private final EpochGuard guard;
    private final MoveCommands moves;
    private final LongConsumer marks;
    /** With requests since the last {@link #publish}. */
    private final Set<ShardState> touched = new LinkedHashSet<>();
    /** Of present values since then. */
    private long toldBytes;

    /** @param marks hears of the index of a Mark */
    CommandApplier(long group, GroupState state, MoveCommands moves, LongConsumer marks) {
        this.group = group;
        this.state = state;
        this.guard = state.guard();
        this.moves = moves;
        this.marks = marks;
    }

    /**
     * @return of requests the list of their {@link CommandOutcome}s, in their order; of a command of a move its {@link MoveOutcome};
     *     null for a Mark, which changes nothing
     * @throws UnknownCommandException if anything in the command is not known to this version
     * @throws IllegalStateException if it is no command
     */
    Object apply(Entry entry) {
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
        if (command.getKindCase() != KvCommand.KindCase.KIND_NOT_SET) {
            known(entry, RequestFields.own(command));
        }
        long index = entry.index();
        switch (command.getKindCase()) {
            case WRITES:
                return writes(entry, command.getWrites());
            case GOODBYES:
                return goodbyes(entry, command.getGoodbyes());
            case MOVE_OUT:
                known(entry, RequestFields.own(command.getMoveOut()));
                return moves.moveOut(command.getMoveOut(), index);
            case FREEZE:
                known(entry, RequestFields.own(command.getFreeze()));
                return moves.freeze(command.getFreeze(), index);
            case CANCEL:
                known(entry, RequestFields.own(command.getCancel()));
                return moves.cancel(command.getCancel(), index);
            case ADOPT:
                known(entry, RequestFields.in(command.getAdopt()));
                return moves.adopt(command.getAdopt(), index);
            case DROP:
                known(entry, RequestFields.own(command.getDrop()));
                return moves.drop(command.getDrop(), index);
            case MARK:
                known(entry, RequestFields.own(command.getMark()));
                marks.accept(index);
                return null;
            default:
                throw new UnknownCommandException(
                        group,
                        entry.index(),
                        command.getUnknownFields().isEmpty()
                                ? "a command of no kind"
                                : "a command of kind "
                                        + command.getUnknownFields()
                                                .asMap()
                                                .keySet()
                                                .iterator()
                                                .next());
        }
    }

    private void known(Entry entry, String unknown) {
        if (unknown != null) {
            throw new UnknownCommandException(group, entry.index(), unknown);
        }
    }

    private List<CommandOutcome> writes(Entry entry, WriteCommand command) {
        known(entry, RequestFields.own(command));
        List<CommandOutcome> outcomes = new ArrayList<>();
        for (int i = 0; i < command.getShardsCount(); i++) {
            ShardWrites writes = command.getShards(i);
            known(entry, RequestFields.own(writes));
            ShardState shard = guard.find(writes.getShard());
            for (int w = 0; w < writes.getWritesCount(); w++) {
                WriteRequest write = writes.getWrites(w);
                known(entry, RequestFields.in(write));
                if (write.getMutation().getOperationCase() == Mutation.OperationCase.OPERATION_NOT_SET) {
                    known(entry, "a write without an operation");
                }
                outcomes.add(write(shard, writes.getTimeMillis(), write));
            }
            end(shard);
        }
        return outcomes;
    }

    private void end(ShardState shard) {
        if (shard != null) {
            if (!shard.endCommand()) {
                state.restructured();
            }
            touched.add(shard);
        }
    }

    /**
     * Others may know what became of the shards that had requests since the last call.
     *
     * @return how many bytes of values more than then these keep back
     */
    long publish() {
        long growth = 0;
        for (ShardState shard : touched) {
            shard.gauge().applied(shard.logTime());
            growth += shard.takeGrowth();
        }
        touched.clear();
        toldBytes = 0;
        state.publish();
        return growth;
    }

    private WriteOutcome write(ShardState shard, long timeMillis, WriteRequest write) {
        String wrong = Rules.check(write);
        if (wrong != null) {
            return refused(Refusal.Kind.INVALID, wrong, 0);
        }
        if (!guard.serves(shard, write.getShard())) {
            return stale(write);
        }
        shard.advance(timeMillis);
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
                return again(shard, kept, write.getMutation());
            }
        }
        if (!EpochGuard.covers(shard.shard(), write.getMutation())) {
            return stale(write);
        }
        String untimely = untimely(shard.logTime(), write.getNotAfterMillis());
        if (untimely != null) {
            return refused(
                    shard.logTime() > write.getNotAfterMillis() ? Refusal.Kind.EXPIRED : Refusal.Kind.NOT_AFTER_TOO_FAR,
                    untimely,
                    shard.logTime());
        }
        String full = sessions.full(session, write.getSequence(), shard.logTime());
        if (full != null) {
            return refused(Refusal.Kind.BUSY, full, shard.logTime());
        }
        long version = shard.lastVersion() + 1;
        Effect effect = Mutations.apply(shard.rows(), write.getMutation(), version);
        if (effect.outcome() == WriteReply.Outcome.DONE) {
            shard.wrote(version);
        }
        KeptReply kept = kept(write, effect);
        sessions.keep(session != null ? session : sessions.begin(id, write.getFirstUnacknowledged()), kept);
        return told(kept, effect.present(), shard.logTime());
    }

    /** @param present or null */
    private WriteOutcome told(KeptReply kept, ByteString present, long logTime) {
        if (present != null && toldBytes + present.size() > MAX_TOLD_BYTES) {
            return WriteOutcome.valueGone(kept, logTime);
        }
        toldBytes += present == null ? 0 : present.size();
        return WriteOutcome.done(kept, present, logTime);
    }

    /**
     * Why log time does not allow a write, or null. Replies are kept for a window behind their not-after, so within it a refusal
     * says that the write was never applied; and no write is applied whose not-after lies further ahead, so a session's place is
     * free two windows after its last write.
     */
    private static String untimely(long logTime, long notAfter) {
        if (logTime > notAfter) {
            return "log time is past the write's not-after by " + (logTime - notAfter) + " ms";
        }
        return notAfter - logTime > SessionLimits.WINDOW_MILLIS
                ? "the write's not-after is " + (notAfter - logTime) + " ms ahead of log time, at most "
                        + SessionLimits.WINDOW_MILLIS + " are taken"
                : null;
    }

    private static KeptReply kept(WriteRequest write, Effect effect) {
        KeptReply.Builder kept = KeptReply.newBuilder()
                .setSequence(write.getSequence())
                .setNotAfterMillis(write.getNotAfterMillis())
                .setOutcome(effect.outcome())
                .setVersion(effect.version())
                .setValue(effect.value())
                .setExisted(effect.existed());
        if (!effect.message().isEmpty()) {
            kept.setMessage(effect.message());
        }
        return kept.build();
    }

    /** The answer to a retry. A present value that a failed condition told was not kept: it is told if it is still there. */
    private WriteOutcome again(ShardState shard, KeptReply kept, Mutation mutation) {
        if (kept.getOutcome() != WriteReply.Outcome.CONDITION_FAILED
                || kept.getVersion() == 0
                || !mutation.hasCompareAndSet()) {
            return WriteOutcome.done(kept, null, shard.logTime());
        }
        StoredRow present = shard.rows().get(mutation.getCompareAndSet().getKey());
        return present != null && present.version() == kept.getVersion()
                ? told(kept, present.value(), shard.logTime())
                : WriteOutcome.valueGone(kept, shard.logTime());
    }

    private WriteOutcome stale(WriteRequest write) {
        return WriteOutcome.stale(
                guard.staleRoute(write.getShard()), write.getShard().getId(), EpochGuard.firstKey(write.getMutation()));
    }

    private static WriteOutcome refused(Refusal.Kind kind, String message, long logTime) {
        Refusal.Builder refusal =
                Refusal.newBuilder().setKind(kind).setMessage(message).setLogTimeMillis(logTime);
        if (kind == Refusal.Kind.BUSY) {
            refusal.setRetryAfterMillis(100);
        }
        return WriteOutcome.refused(refusal.build());
    }

    private List<CommandOutcome> goodbyes(Entry entry, GoodbyeCommand command) {
        known(entry, RequestFields.own(command));
        List<CommandOutcome> outcomes = new ArrayList<>();
        for (ShardGoodbyes goodbyes : command.getShardsList()) {
            known(entry, RequestFields.own(goodbyes));
            ShardState shard = guard.find(goodbyes.getShard());
            for (GoodbyeRequest goodbye : goodbyes.getGoodbyesList()) {
                known(entry, RequestFields.in(goodbye));
                if (guard.serves(shard, goodbye.getShard())) {
                    shard.advance(goodbyes.getTimeMillis());
                    shard.sessions().forget(new SessionId(goodbye.getSessionHigh(), goodbye.getSessionLow()));
                    outcomes.add(new GoodbyeOutcome(shard.logTime(), null, 0));
                } else {
                    outcomes.add(new GoodbyeOutcome(
                            0,
                            guard.staleRoute(goodbye.getShard()),
                            goodbye.getShard().getId()));
                }
            }
            end(shard);
        }
        return outcomes;
    }
}
