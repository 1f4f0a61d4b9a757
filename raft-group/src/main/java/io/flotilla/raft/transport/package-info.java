/** Messages between nodes: the port, and the bytes of a frame. Pure and thread-safe. */
package io.flotilla.raft.transport;
