package io.flotilla.kv.machine;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.ShardCounters;

/**
 * How far a group is with the move of a shard: the result of each of a move's commands, right after it. Immutable.
 *
 * @param stage of this move in this group: {@code NOT_YET} if it is above the group's fence; {@code OVER} if the group is through
 *     with it: adopted, cancelled or dropped
 * @param refused why what was asked for was not done, in one line; empty if it was, or had been before
 * @param index of the entry; of a query the last one applied
 * @param fence the highest move that the group has applied for the shard
 * @param served the shard as the group serves it, or froze it; null if it is not here
 * @param changeNumber the shard's; 0 if it is not here
 * @param fromChangeNumber while moving or frozen by this move: the change number at MoveOut
 * @param frozenAt the index of Freeze; 0 if it is not frozen by this move
 * @param counters as frozen by this move; else null
 */
public record MoveOutcome(
        MoveReply.Stage stage,
        String refused,
        long index,
        long fence,
        Shard served,
        long changeNumber,
        long fromChangeNumber,
        long frozenAt,
        ShardCounters counters) {
    /** Whether what was asked for is done, now or before. */
    public boolean isDone() {
        return refused.isEmpty();
    }
}
