/** Simulated parts of the world for tests: one thread, virtual time, everything from one seed. */
package io.flotilla.raft.sim;
