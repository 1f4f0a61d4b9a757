/**
 * The production transport. To each peer goes one gRPC stream of messages and, from the first snapshot on, one of bulk on a
 * connection of its own; the peer's two streams come to this node's server. Inside are bytes of our own.
 */
package io.flotilla.raft.transport.grpc;
