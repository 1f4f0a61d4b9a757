/** Streams to nodes over gRPC. */
package io.flotilla.client.grpc;
