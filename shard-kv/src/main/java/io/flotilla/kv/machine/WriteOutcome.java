package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.kv.proto.KeptReply;

/**
 * What became of one write: it has a reply or a refusal.
 *
 * @param kept the reply as the session keeps it, or null
 * @param present of a compare-and-set whose condition failed: the value that the key had then; null if it is not known any more
 *     or was absent
 * @param logTimeMillis the shard's log time after the write
 * @param refusal or null
 * @param staleShard as {@link CommandOutcome#staleShard}
 * @param staleKey as {@link CommandOutcome#staleKey}
 */
public record WriteOutcome(
        KeptReply kept,
        ByteString present,
        boolean valueOmitted,
        long logTimeMillis,
        Refusal refusal,
        long staleShard,
        ByteString staleKey)
        implements CommandOutcome {
    static WriteOutcome done(KeptReply kept, ByteString present, long logTimeMillis) {
        return new WriteOutcome(kept, present, false, logTimeMillis, null, 0, null);
    }

    /** The answer to a retry, whose key has another value since, or to one for whose value there is no room. */
    static WriteOutcome valueGone(KeptReply kept, long logTimeMillis) {
        return new WriteOutcome(kept, null, true, logTimeMillis, null, 0, null);
    }

    static WriteOutcome refused(Refusal refusal) {
        return new WriteOutcome(null, null, false, 0, refusal, 0, null);
    }

    static WriteOutcome stale(Refusal refusal, long shard, ByteString key) {
        return new WriteOutcome(null, null, false, 0, refusal, shard, key);
    }

    /** What the client is told, or null if the write was refused. Made for each call: of three replicas one answers. */
    public WriteReply reply() {
        if (kept == null) {
            return null;
        }
        WriteReply.Builder reply = WriteReply.newBuilder()
                .setOutcomeValue(kept.getOutcomeValue())
                .setVersion(kept.getVersion())
                .setValue(present != null ? present : kept.getValue())
                .setLogTimeMillis(logTimeMillis)
                .setExisted(kept.getExisted())
                .setValueOmitted(valueOmitted);
        if (!kept.getMessage().isEmpty()) {
            reply.setMessage(kept.getMessage());
        }
        return reply.build();
    }

    @Override
    public WriteOutcome withoutPresent() {
        return present == null ? this : valueGone(kept, logTimeMillis);
    }

    @Override
    public void answer(Response.Builder response) {
        response.setWrite(reply());
    }
}
