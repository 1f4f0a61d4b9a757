/** Snapshots of state machines between nodes, on a lane of their own. */
package io.flotilla.raft.host.snapshot;
