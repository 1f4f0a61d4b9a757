/**
 * Many replicas on a few lanes: group workers step the cores, one log writer makes their batches durable together,
 * appliers run the state machines, a log reader fetches old entries. What crosses lanes is an event or an immutable
 * value; each class says which lane owns it.
 */
package io.flotilla.raft.host;
