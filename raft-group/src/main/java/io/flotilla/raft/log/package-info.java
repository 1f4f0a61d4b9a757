/** The durable log of all groups of a node, as a port. Written from the log writer's lane alone, read from any lane. */
package io.flotilla.raft.log;
