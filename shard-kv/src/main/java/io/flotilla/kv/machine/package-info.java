/**
 * The key-value state machine. A good order to read it: {@link io.flotilla.kv.machine.KvStateMachine} is the way of a
 * write, {@code CommandApplier} judges each request, {@code Mutations} is what each operation does, {@code SessionTable} what makes
 * writes happen once, {@code Layout} where everything lies in the engine, {@code SnapshotFormat} what a snapshot is.
 *
 * <p>A shard is a list of pieces, each a generation of rows and a range of keys; its sessions lie under a number of their own. Both
 * are numbers that this node alone knows ({@code Numbers}), and {@code RowUses} says which rows somebody still uses.
 *
 * <p>What is one group's belongs to the group's applier lane. Snapshots are read ({@code KvSnapshotSource}), received ({@code KvSnapshotSink})
 * and kept ({@code KeptSnapshots}) on the lane of transfers, checksums are computed on a lane of theirs. What all groups of the node
 * share is thread-safe: {@link io.flotilla.kv.machine.KvMachines}, {@code NodeRows} and what is in it, and what is published of
 * each group. {@link io.flotilla.kv.machine.Rules} and {@code RequestFields} are pure, for the door too.
 */
package io.flotilla.kv.machine;
