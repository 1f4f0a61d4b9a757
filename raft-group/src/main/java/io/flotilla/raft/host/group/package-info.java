/**
 * Group replicas and the workers that step them: each replica's core, what is open between it and the other rooms, and
 * what its callers wait for. All of it belongs to the lane of the group's worker unless a class says otherwise.
 */
package io.flotilla.raft.host.group;
