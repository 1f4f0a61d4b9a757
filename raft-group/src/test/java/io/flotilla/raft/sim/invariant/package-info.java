/**
 * The promises of Raft, one class each, named as in the paper where it names them, and checked from outside while a
 * simulation runs. {@link io.flotilla.raft.sim.invariant.SafetyProperties} puts them together,
 * {@link io.flotilla.raft.sim.invariant.RaftInvariants} lets them watch the nodes of a simulation.
 */
package io.flotilla.raft.sim.invariant;
