/**
 * What a group replicates, as a port. All calls for one group come from its applier lane, unless a method says otherwise;
 * snapshots are read, received and kept on the lane of transfers.
 */
package io.flotilla.raft.machine;
