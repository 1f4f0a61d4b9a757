/** The safety properties of Raft, one class each, checked from outside while a simulation runs. */
package io.flotilla.raft.sim.invariant;
