/**
 * What nodes say to each other: the port, greetings, messages of groups and of nodes in frames, bulk, and the bytes of all these.
 * Pure and thread-safe unless a class says otherwise.
 */
package io.flotilla.raft.transport;
