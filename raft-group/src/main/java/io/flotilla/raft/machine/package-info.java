/** What a group replicates, as a port. All calls for one group come from its applier lane, unless a method says otherwise. */
package io.flotilla.raft.machine;
