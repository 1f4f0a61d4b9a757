/** The arithmetic that decides: majorities, joint ones, votes, commitment. Pure functions, and tallies that belong to a core. */
package io.flotilla.raft.core.quorum;
