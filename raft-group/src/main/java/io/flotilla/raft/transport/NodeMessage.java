package io.flotilla.raft.transport;

/**
 * What a node tells another one for itself rather than for one of its groups. It travels in the same frames, before what
 * waits there of groups. May be lost or come twice or late; a kind that the receiver does not know is skipped.
 */
public sealed interface NodeMessage {
    /**
     * How far the sender's log is durable: what it tells here it never loses, unless its directory is damaged, replaced or
     * put back.
     *
     * @param number of the last batch, from 0
     */
    record DurableBatch(long number) implements NodeMessage {}
}
