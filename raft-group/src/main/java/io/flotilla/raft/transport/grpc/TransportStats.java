package io.flotilla.raft.transport.grpc;

/**
 * Counts since the transport was made.
 *
 * @param dropped messages not sent: no address, no connection, or a full queue
 */
public record TransportStats(long framesOut, long bytesOut, long framesIn, long bytesIn, long dropped) {}
