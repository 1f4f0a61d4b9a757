/**
 * The quick way in: a node with a few groups and states in memory, from four lines. Everything that it puts together can be
 * put together otherwise, see {@link io.flotilla.raft.host.RaftHost}.
 */
package io.flotilla.raft.embed;
