/**
 * Carries large contents from one node to another. The receiver asks, by an opaque id and a position; the sender opens the id, or
 * refuses in words. Parts are durable at the receiver until the transfer ends, so a broken connection or a restart of either
 * side costs what was in the window. The package knows nothing of Raft: snapshots of groups are one use, which {@code raft.host} binds.
 *
 * <p>Begin with {@link io.flotilla.raft.transfer.Transfers}. A sender keeps no part and remembers nothing that the next
 * {@link io.flotilla.raft.transport.BulkMessage.Ask} does not say again. What can be opened again after the sender's restart is the
 * matter of the {@link io.flotilla.raft.transfer.TransferProvider}.
 */
package io.flotilla.raft.transfer;
