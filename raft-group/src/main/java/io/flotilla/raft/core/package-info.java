/**
 * One replica of one group, as an object that takes inputs and owes effects: {@link io.flotilla.raft.core.RaftCore} is the
 * door. Pure: no thread, clock, chance, file or socket; time comes in ticks and chance as a seed. A core and all that it holds
 * belong to the group worker that owns the group; what goes in and comes out are immutable values. Raft paper and thesis.
 */
package io.flotilla.raft.core;
