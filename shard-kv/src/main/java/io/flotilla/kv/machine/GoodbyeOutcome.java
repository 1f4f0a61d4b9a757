package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.GoodbyeReply;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;

/**
 * What became of one goodbye.
 *
 * @param logTimeMillis the shard's log time after it
 * @param refusal or null
 * @param staleShard as {@link CommandOutcome#staleShard}
 */
record GoodbyeOutcome(long logTimeMillis, Refusal refusal, long staleShard) implements CommandOutcome {
    @Override
    public ByteString staleKey() {
        return staleShard == 0 ? null : ByteString.EMPTY;
    }

    @Override
    public void answer(Response.Builder response) {
        response.setGoodbye(GoodbyeReply.newBuilder().setLogTimeMillis(logTimeMillis));
    }
}
