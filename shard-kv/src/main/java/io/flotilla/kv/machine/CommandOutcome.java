package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;

/** What became of one request in an applied entry. Immutable. */
public sealed interface CommandOutcome permits WriteOutcome, GoodbyeOutcome {
    /** Why it was refused, or null. A STALE_ROUTE names no shards: that is for who knows the configuration. */
    Refusal refusal();

    /** Of a STALE_ROUTE: the shard that the request named; else 0. */
    long staleShard();

    /** Of a STALE_ROUTE: the first key of the request, empty if it has none; else null. */
    ByteString staleKey();

    /** The same without a present value that a failed condition would tell. */
    default CommandOutcome withoutPresent() {
        return this;
    }

    /** Puts the reply into the response, if it was not refused. */
    void answer(Response.Builder response);
}
