/**
 * Who does what next while shards move from group to group. Pure: start with {@link io.flotilla.kv.move.MoveDriver}. {@code
 * TargetMove} is the way of one shard, from the question for MoveOut to Adopt; {@code FreezeRule} and {@code AdoptRule} say when it
 * may go on, {@code SourceGroup} what the owner does by itself. What the entries do is the state machine's, the copies are made
 * elsewhere. The protocol is told in docs/moves.md.
 */
package io.flotilla.kv.move;
