/** The production transport: one outgoing gRPC stream per peer, bytes of our own inside. */
package io.flotilla.raft.transport.grpc;
