/**
 * Copies of shards that move, made by each replica of the target for itself. Begin with {@link io.flotilla.kv.move.copy.HoldPullers}, one per
 * node, and read {@link io.flotilla.kv.move.copy.HoldPuller} for the way of one copy.
 *
 * <p>First the rows: {@link io.flotilla.kv.move.copy.CopySource} reads them out of a view at a replica of the owner, and {@link
 * io.flotilla.kv.move.copy.HoldWriter} puts them, as files that the engine takes in, where the machine's {@link
 * io.flotilla.kv.machine.HoldPlace} says. Any view will do for any part, and a broken copy goes on behind its last key, since all that
 * changed after MoveOut comes once more with the rounds ({@link io.flotilla.kv.move.copy.HoldRounds}). A peer's hold has no index of
 * what changes: out of that a copy comes in one view, and breaks as a whole.
 *
 * <p>What is held is told once it is durable. Nothing here deletes a hold that is whole: that is the machine's matter, in the batch that brings
 * the group's fence to the move.
 */
package io.flotilla.kv.move.copy;
