package io.flotilla.kv.service;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.runtime.Clock;

/** What all requests of a node share. Immutable; what it names is thread-safe. */
record Door(Replicas replicas, Clock clock, NodeDirectory directory, Refusals refusals) {
    static void refuse(long id, Refusal refusal, Answers out) {
        out.accept(Response.newBuilder().setId(id).setRefusal(refusal).build());
    }
}
