package io.flotilla.kv.machine;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.WriteReply;

/**
 * What became of one write of an applied entry: it has a reply or a refusal. The result of an entry is the list of its
 * writes' outcomes, in order.
 *
 * @param kept the reply as the session keeps it, or null
 * @param logTimeMillis the shard's log time after the write
 * @param refusal or null
 */
public record WriteOutcome(WriteReply kept, long logTimeMillis, Refusal refusal) {
    static WriteOutcome done(WriteReply kept, long logTimeMillis) {
        return new WriteOutcome(kept, logTimeMillis, null);
    }

    static WriteOutcome refused(Refusal refusal) {
        return new WriteOutcome(null, 0, refusal);
    }

    /** What the client is told, or null if the write was refused. Made for each call: of three replicas one answers. */
    public WriteReply reply() {
        return kept == null
                ? null
                : kept.toBuilder().setLogTimeMillis(logTimeMillis).build();
    }
}
