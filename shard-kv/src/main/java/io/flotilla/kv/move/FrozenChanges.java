package io.flotilla.kv.move;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply;

/**
 * What a frozen shard's owner said changed after a change number. The rows are as they stay now, so on a hold that reaches further
 * they change nothing that is wrong. Immutable.
 */
final class FrozenChanges {
    private final long after;
    private final AdoptCommand.Builder adopt;
    private final boolean fits;

    /** @param after what was asked for */
    FrozenChanges(MoveIntent intent, long after, MoveReply reply, int mostBytes) {
        this.after = after;
        this.adopt = AdoptCommand.newBuilder()
                .setShard(served(intent, reply))
                .setMove(intent.key().move())
                .setHoldChangeNumber(after)
                .addAllRows(reply.getRowsList())
                .addAllSessions(reply.getSessionsList())
                .setCounters(reply.getCounters());
        this.fits = !reply.getMore() && adopt.build().getSerializedSize() <= mostBytes;
    }

    /** As the target serves it. */
    private static Shard served(MoveIntent intent, MoveReply reply) {
        Shard shard = reply.hasServed() ? reply.getServed() : intent.shard();
        return Shard.newBuilder()
                .setId(shard.getId())
                .setStart(shard.getStart())
                .setEnd(shard.getEnd())
                .setGroup(intent.into())
                .setEpoch(shard.getEpoch() + 1)
                .build();
    }

    long after() {
        return after;
    }

    /** Whether it is all that changed, and no more than an entry may carry. */
    boolean fits() {
        return fits;
    }

    KvCommand adopt() {
        return KvCommand.newBuilder().setAdopt(adopt).build();
    }
}
