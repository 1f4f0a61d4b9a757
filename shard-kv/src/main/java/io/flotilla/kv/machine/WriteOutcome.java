package io.flotilla.kv.machine;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.WriteReply;

/**
 * What became of one write of an applied entry: exactly one of the two is not null. The result of an entry is the list
 * of its writes' outcomes, in order.
 */
public record WriteOutcome(WriteReply reply, Refusal refusal) {
    static WriteOutcome done(WriteReply reply) {
        return new WriteOutcome(reply, null);
    }

    static WriteOutcome refused(Refusal refusal) {
        return new WriteOutcome(null, refusal);
    }
}
