/** What a fleet promises beyond Raft, one class each. */
package io.flotilla.it.sim.invariant;
